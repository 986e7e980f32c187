def execute(input):
    matrix = [row[:] for row in input["m"]]
    n = len(matrix)
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(matrix[r][i]))
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        for r in range(i + 1, n):
            f = matrix[r][i] / matrix[i][i]
            matrix[r] = [a - f * b for a, b in zip(matrix[r], matrix[i])]
    det = 1
    for i in range(n):
        det *= matrix[i][i]
    return det


def get_capabilities():
    return {"name": "determinant", "description": "Does what its name says.", "capabilities": ["sample.determinant"]}
