"""Checks a card number by the Luhn algorithm."""


def get_capabilities():
    return {
        "name": "luhn-check",
        "description": "Checks a card number by the Luhn algorithm.",
        "capabilities": ["finance.card"],
        "utterances": ["checks a card number by the luhn algorithm"],
    }


def execute(input):
    digits = [int(c) for c in input["number"] if c.isdigit()]
    total = 0
    for index, digit in enumerate(digits[::-1]):
        if index % 2:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return {"valid": bool(digits) and total % 10 == 0}
