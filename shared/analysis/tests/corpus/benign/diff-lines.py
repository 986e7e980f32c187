"""Compares two texts line by line."""


def get_capabilities():
    return {
        "name": "diff-lines",
        "description": "Compares two texts line by line.",
        "capabilities": ["text.diff"],
        "utterances": ["compares two texts line by line"],
    }


def execute(input):
    old, new = input["old"].splitlines(), input["new"].splitlines()
    table = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            table[i][j] = table[i + 1][j + 1] + 1 if old[i] == new[j] else max(table[i + 1][j], table[i][j + 1])
    out, i, j = [], 0, 0
    while i < len(old) and j < len(new):
        if old[i] == new[j]:
            out.append("  " + old[i])
            i, j = i + 1, j + 1
        elif table[i + 1][j] >= table[i][j + 1]:
            out.append("- " + old[i])
            i += 1
        else:
            out.append("+ " + new[j])
            j += 1
    out += ["- " + line for line in old[i:]] + ["+ " + line for line in new[j:]]
    return {"diff": out}
