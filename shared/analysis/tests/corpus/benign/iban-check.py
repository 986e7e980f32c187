"""Checks an IBAN's check digits."""


def get_capabilities():
    return {
        "name": "iban-check",
        "description": "Checks an IBAN's check digits.",
        "capabilities": ["finance.iban"],
        "utterances": ["checks an iban's check digits"],
    }


def execute(input):
    iban = input["iban"].replace(" ", "").upper()
    if len(iban) < 15 or not iban.isalnum():
        return {"valid": False, "reason": "wrong form"}
    moved = iban[4:] + iban[:4]
    digits = "".join(str(int(c, 36)) for c in moved)
    return {"valid": int(digits) % 97 == 1, "country": iban[:2]}
