def fact(n):
    return 1 if n <= 1 else n * fact(n - 1)


def power(b, e):
    if e == 0:
        return 1
    half = power(b, e // 2)
    return half * half * (b if e % 2 else 1)


def flatten(xs):
    out = []
    for x in xs:
        if isinstance(x, list):
            out.extend(flatten(x))
        else:
            out.append(x)
    return out


def is_even(n):
    return n == 0 or is_odd(n - 1)


def is_odd(n):
    return n != 0 and is_even(n - 1)


def hanoi(n, a, b, c):
    if n:
        hanoi(n - 1, a, c, b)
        hanoi(n - 1, c, b, a)


def permutations(items):
    if len(items) <= 1:
        return [items]
    return [[x] + p for i, x in enumerate(items) for p in permutations(items[:i] + items[i + 1:])]


def execute(input):
    return [fact(5), power(2, 10), flatten([1, [2]]), is_even(4), permutations([1, 2])]


def get_capabilities():
    return {"name": "recursion-forms", "description": "Does what its name says.", "capabilities": ["sample.recursion-forms"]}
