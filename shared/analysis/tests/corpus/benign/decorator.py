import functools


def memo(fn):
    cache = {}
    @functools.wraps(fn)
    def inner(*args):
        if args not in cache:
            cache[args] = fn(*args)
        return cache[args]
    return inner


@memo
def ways(n):
    return 1 if n <= 1 else ways(n - 1) + ways(n - 2)


def execute(input):
    return ways(20)


def get_capabilities():
    return {"name": "decorator", "description": "Does what its name says.", "capabilities": ["sample.decorator"]}
