"""Multiplies and transposes matrices."""


def get_capabilities():
    return {
        "name": "matrix-operations",
        "description": "Multiplies and transposes matrices.",
        "capabilities": ["math.matrix"],
        "utterances": ["multiplies and transposes matrices"],
    }


def execute(input):
    a, b = input["a"], input["b"]
    if len(a[0]) != len(b):
        raise ValueError("shapes do not fit")
    product = [[sum(x * y for x, y in zip(row, column)) for column in zip(*b)] for row in a]
    zeros = [[0] * len(a) for _ in range(len(a[0]))]
    for i, row in enumerate(a):
        for j, value in enumerate(row):
            zeros[j][i] = value
    return {"product": product, "transposed": zeros}
