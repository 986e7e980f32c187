from collections import deque


def execute(input):
    q = deque([(0, 0)])
    seen = {(0, 0)}
    steps = 0
    grid = input["grid"]
    while q:
        for _ in range(len(q)):
            r, c = q.popleft()
            if (r, c) == (len(grid) - 1, len(grid[0]) - 1):
                return steps
            for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                nr, nc = r + dr, c + dc
                if 0 <= nr < len(grid) and 0 <= nc < len(grid[0]) and grid[nr][nc] == "." and (nr, nc) not in seen:
                    seen.add((nr, nc))
                    q.append((nr, nc))
        steps += 1
    return -1


def get_capabilities():
    return {"name": "grid-path", "description": "Does what its name says.", "capabilities": ["sample.grid-path"]}
