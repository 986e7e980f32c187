import math


def execute(input):
    n = 10 ** 9 + 7
    x = (1 << 31) - 1
    big = 2 ** 256
    eps = 10 ** -12
    fact = math.factorial(20)
    comb = math.comb(52, 5)
    grid = [[0] * 100 for _ in range(100)]
    memo = [None] * 100001
    text = "-" * 80 + "\n" + "=" * 80
    padded = str(7).zfill(10).ljust(20).rjust(30).center(40)
    return {"n": pow(3, n - 2, n), "x": x, "big": str(big), "eps": eps, "f": fact, "c": comb, "t": len(text), "p": padded, "l": len(grid) + len(memo)}


def get_capabilities():
    return {"name": "math", "description": "Does what its name says.", "capabilities": ["sample.math"]}
