"""Steps Conway's Game of Life."""


def neighbours(cells, r, c):
    return sum((r + dr, c + dc) in cells for dr in (-1, 0, 1) for dc in (-1, 0, 1) if dr or dc)


def get_capabilities():
    return {
        "name": "game-of-life",
        "description": "Steps Conway's Game of Life.",
        "capabilities": ["simulation.life"],
        "utterances": ["steps conway's game of life"],
    }


def execute(input):
    rows = input["rows"]
    cells = {(r, c) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell == "#"}
    after = []
    for r in range(len(rows)):
        line = ""
        for c in range(len(rows[0])):
            count = neighbours(cells, r, c)
            line += "#" if count == 3 or (count == 2 and (r, c) in cells) else "."
        after.append(line)
    return {"rows": after}
