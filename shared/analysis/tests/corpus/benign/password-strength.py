"""Scores a password without keeping it."""

import math


def get_capabilities():
    return {
        "name": "password-strength",
        "description": "Scores a password without keeping it.",
        "capabilities": ["security.password"],
        "utterances": ["scores a password without keeping it"],
    }


def execute(input):
    password = input["password"]
    alphabet = 0
    if any(c.islower() for c in password):
        alphabet += 26
    if any(c.isupper() for c in password):
        alphabet += 26
    if any(c.isdigit() for c in password):
        alphabet += 10
    if any(not c.isalnum() for c in password):
        alphabet += 33
    bits = len(password) * math.log2(alphabet) if alphabet else 0
    return {"bits": round(bits, 1), "verdict": "strong" if bits >= 70 else "weak"}
