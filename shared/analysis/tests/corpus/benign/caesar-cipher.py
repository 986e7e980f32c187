"""Shifts letters along the alphabet."""


def shift(letter, by):
    if not letter.isalpha() or not letter.isascii():
        return letter
    first = ord("A") if letter.isupper() else ord("a")
    return chr((ord(letter) - first + by) % 26 + first)


def get_capabilities():
    return {
        "name": "caesar-cipher",
        "description": "Shifts letters along the alphabet.",
        "capabilities": ["text.cipher"],
        "utterances": ["shifts letters along the alphabet"],
    }


def execute(input):
    text = "".join(shift(letter, input["shift"]) for letter in input["text"])
    return {"text": text}
