"""Follows the Collatz sequence from a number down to one."""


def get_capabilities():
    return {
        "name": "collatz",
        "description": "Follows the Collatz sequence from a number down to one.",
        "capabilities": ["math.sequences"],
        "utterances": ["follows the collatz sequence from a number down to one"],
    }


def execute(input):
    n = int(input["n"])
    if n < 1:
        raise ValueError("n must be positive")
    steps = [n]
    while True:
        if n == 1:
            break
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps.append(n)
        if len(steps) > 10000:
            break
    return {"steps": steps, "length": len(steps)}
