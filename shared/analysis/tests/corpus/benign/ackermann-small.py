"""Computes the Ackermann function for small arguments."""


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def get_capabilities():
    return {
        "name": "ackermann-small",
        "description": "Computes the Ackermann function for small arguments.",
        "capabilities": ["math.ackermann"],
        "utterances": ["computes the ackermann function for small arguments"],
    }


def execute(input):
    if input["m"] > 2 or input["n"] > 10:
        raise ValueError("too large")
    return {"value": ackermann(input["m"], input["n"])}
