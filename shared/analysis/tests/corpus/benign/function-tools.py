from functools import reduce, partial, lru_cache


@lru_cache(maxsize=None)
def stairs(n):
    if n <= 1:
        return 1
    return stairs(n - 1) + stairs(n - 2)


compose = lambda *fs: reduce(lambda f, g: lambda x: f(g(x)), fs)
double = partial(lambda k, x: k * x, 2)
fact = lambda n: 1 if n < 2 else n * fact(n - 1)


def execute(input):
    return [stairs(10), compose(double, abs)(-3), fact(5)]


def get_capabilities():
    return {"name": "function-tools", "description": "Does what its name says.", "capabilities": ["sample.function-tools"]}
