"""Finds square roots by Newton's method, until it no longer changes."""


def get_capabilities():
    return {
        "name": "newton-root",
        "description": "Finds square roots by Newton's method, until it no longer changes.",
        "capabilities": ["math.roots"],
        "utterances": ["finds square roots by newton's method"],
    }


def execute(input):
    value = float(input["value"])
    if value < 0:
        raise ValueError("no real root")
    guess = value or 1.0
    while True:
        better = (guess + value / guess) / 2
        if abs(better - guess) < 1e-12:
            return {"root": round(better, 10)}
        guess = better
