"""Computes Fibonacci numbers with a cache of its own."""


def fibonacci(n, known):
    if n in known:
        return known[n]
    known[n] = fibonacci(n - 1, known) + fibonacci(n - 2, known)
    return known[n]


def get_capabilities():
    return {
        "name": "fibonacci-cached",
        "description": "Computes Fibonacci numbers with a cache of its own.",
        "capabilities": ["math.fibonacci"],
        "utterances": ["computes fibonacci numbers with a cache of its own"],
    }


def execute(input):
    n = min(max(int(input["n"]), 0), 90)
    return {"value": fibonacci(n, {0: 0, 1: 1})}
