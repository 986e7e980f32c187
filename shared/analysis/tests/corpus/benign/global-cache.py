_CACHE = {}


def fib(n):
    if n in _CACHE:
        return _CACHE[n]
    _CACHE[n] = n if n < 2 else fib(n - 1) + fib(n - 2)
    return _CACHE[n]


def execute(input):
    return fib(30)


def get_capabilities():
    return {"name": "global-cache", "description": "Does what its name says.", "capabilities": ["sample.global-cache"]}
