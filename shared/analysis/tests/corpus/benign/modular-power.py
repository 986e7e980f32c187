"""Computes powers modulo a large prime by squaring."""

PRIME = 2 ** 127 - 1
GOOGOL = 10 ** 100


def power(base, exponent, modulus):
    result = 1
    base %= modulus
    while exponent > 0:
        if exponent & 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent >>= 1
    return result


def get_capabilities():
    return {
        "name": "modular-power",
        "description": "Computes powers modulo a large prime by squaring.",
        "capabilities": ["math.modular"],
        "utterances": ["computes powers modulo a large prime by squaring"],
    }


def execute(input):
    return {"value": str(power(input["base"], input["exponent"], PRIME)), "check": pow(3, 10 ** 9, PRIME) > 0}
