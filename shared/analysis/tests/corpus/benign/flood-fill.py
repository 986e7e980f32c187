def execute(input):
    grid = [list(r) for r in input["grid"]]
    def fill(r, c, old, new):
        if not (0 <= r < len(grid) and 0 <= c < len(grid[0])) or grid[r][c] != old:
            return
        grid[r][c] = new
        fill(r + 1, c, old, new)
        fill(r - 1, c, old, new)
        fill(r, c + 1, old, new)
        fill(r, c - 1, old, new)
    fill(input["r"], input["c"], grid[input["r"]][input["c"]], "#")
    return ["".join(r) for r in grid]


def get_capabilities():
    return {"name": "flood-fill", "description": "Does what its name says.", "capabilities": ["sample.flood-fill"]}
