def gcd(a, b):
    return a if b == 0 else gcd(b, a % b)


def collatz(n, steps=0):
    if n == 1:
        return steps
    if n % 2 == 0:
        return collatz(n // 2, steps + 1)
    return collatz(3 * n + 1, steps + 1)


def walk(tree, depth=0):
    lines = ["  " * depth + tree["name"]]
    for child in tree.get("children", ()):
        lines += walk(child, depth + 1)
    return lines


def subsets(xs):
    if not xs:
        return [[]]
    rest = subsets(xs[1:])
    return rest + [[xs[0]] + s for s in rest]


def binary(n):
    return (binary(n // 2) if n > 1 else "") + str(n % 2)


def lookup(d, path):
    head, *tail = path
    return lookup(d[head], tail) if tail else d[head]


def any_deep(x):
    return isinstance(x, list) and any(any_deep(y) for y in x)


def execute(input):
    return [gcd(12, 8), collatz(6), walk({"name": "a"}), subsets([1]), binary(5)]


def get_capabilities():
    return {"name": "recursion-styles", "description": "Does what its name says.", "capabilities": ["sample.recursion-styles"]}
