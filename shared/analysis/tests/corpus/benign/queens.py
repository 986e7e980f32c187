def solve_queens(n, row=0, cols=(), d1=(), d2=()):
    if row == n:
        return 1
    count = 0
    for c in range(n):
        if c not in cols and row + c not in d1 and row - c not in d2:
            count += solve_queens(n, row + 1, cols + (c,), d1 + (row + c,), d2 + (row - c,))
    return count


def execute(input):
    return solve_queens(min(input["n"], 8))


def get_capabilities():
    return {"name": "queens", "description": "Does what its name says.", "capabilities": ["sample.queens"]}
