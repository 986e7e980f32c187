"""Edit distance between two words."""


def get_capabilities():
    return {
        "name": "levenshtein",
        "description": "Edit distance between two words.",
        "capabilities": ["text.distance"],
        "utterances": ["edit distance between two words"],
    }


def execute(input):
    a, b = input["a"], input["b"]
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return {"distance": row[-1]}
