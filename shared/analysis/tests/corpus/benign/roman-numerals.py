"""Writes Roman numerals and reads them back."""

VALUES = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
          (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]


def to_roman(n):
    text = ""
    for value, letters in VALUES:
        while n >= value:
            text += letters
            n -= value
    return text


def get_capabilities():
    return {
        "name": "roman-numerals",
        "description": "Writes Roman numerals and reads them back.",
        "capabilities": ["text.roman"],
        "utterances": ["writes roman numerals and reads them back"],
    }


def execute(input):
    roman = to_roman(input["n"])
    return {"roman": roman, "length": len(roman)}
