def simulate(cells, rule):
    n = len(cells)
    return [rule >> (cells[i - 1] * 4 + cells[i] * 2 + cells[(i + 1) % n]) & 1 for i in range(n)]


def execute(input):
    cells = [0] * 31
    cells[15] = 1
    rows = []
    for _ in range(15):
        rows.append("".join(" #"[c] for c in cells))
        cells = simulate(cells, input.get("rule", 30))
    return rows


def get_capabilities():
    return {"name": "cellular-automaton", "description": "Does what its name says.", "capabilities": ["sample.cellular-automaton"]}
