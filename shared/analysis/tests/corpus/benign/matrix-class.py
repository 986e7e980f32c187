class Matrix:
    def __init__(self, rows):
        self.rows = rows
    @classmethod
    def identity(cls, n):
        return cls([[1 if i == j else 0 for j in range(n)] for i in range(n)])
    def __matmul__(self, other):
        return Matrix([[sum(a * b for a, b in zip(r, c)) for c in zip(*other.rows)] for r in self.rows])
    def __pow__(self, n):
        result, base = Matrix.identity(len(self.rows)), self
        while n:
            if n % 2:
                result = result @ base
            base = base @ base
            n //= 2
        return result
    def __str__(self):
        return "\n".join(" ".join(map(str, r)) for r in self.rows)


def execute(input):
    return str(Matrix(input["m"]) ** input["n"])


def get_capabilities():
    return {"name": "matrix-class", "description": "Does what its name says.", "capabilities": ["sample.matrix-class"]}
