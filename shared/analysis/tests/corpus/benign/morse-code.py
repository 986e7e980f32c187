"""Writes Morse code."""

CODE = {"a": ".-", "b": "-...", "c": "-.-.", "d": "-..", "e": ".", "f": "..-.", "g": "--.", "h": "....", "i": "..",
        "j": ".---", "k": "-.-", "l": ".-..", "m": "--", "n": "-.", "o": "---", "p": ".--.", "q": "--.-", "r": ".-.",
        "s": "...", "t": "-", "u": "..-", "v": "...-", "w": ".--", "x": "-..-", "y": "-.--", "z": "--.."}
LETTERS = {code: letter for letter, code in CODE.items()}


def get_capabilities():
    return {
        "name": "morse-code",
        "description": "Writes Morse code.",
        "capabilities": ["text.morse"],
        "utterances": ["writes morse code"],
    }


def execute(input):
    if "code" in input:
        return {"text": "".join(LETTERS.get(part, " ") for part in input["code"].split(" "))}
    return {"code": " ".join(CODE.get(c, "/") for c in input["text"].lower())}
