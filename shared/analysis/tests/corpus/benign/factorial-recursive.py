"""Computes a factorial by recursion."""


def factorial(n):
    if n < 2:
        return 1
    return n * factorial(n - 1)


def get_capabilities():
    return {
        "name": "factorial-recursive",
        "description": "Computes a factorial by recursion.",
        "capabilities": ["math.factorial"],
        "utterances": ["computes a factorial by recursion"],
    }


def execute(input):
    n = input["n"]
    if not 0 <= n <= 150:
        return {"error": "n must be between 0 and 150"}
    return {"factorial": factorial(n)}
