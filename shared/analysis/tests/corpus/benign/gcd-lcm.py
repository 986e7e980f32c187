"""Greatest common divisor and least common multiple."""


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def get_capabilities():
    return {
        "name": "gcd-lcm",
        "description": "Greatest common divisor and least common multiple.",
        "capabilities": ["math.divisors"],
        "utterances": ["greatest common divisor and least common multiple"],
    }


def execute(input):
    a, b = int(input["a"]), int(input["b"])
    divisor = gcd(abs(a), abs(b))
    return {"gcd": divisor, "lcm": abs(a * b) // divisor if divisor else 0}
