"""Replaces accented letters by plain ones."""

PLAIN = {"á": "a", "à": "a", "ä": "ae", "é": "e", "è": "e", "ï": "i", "ö": "oe", "ü": "ue", "ß": "ss", "ñ": "n", "ç": "c"}


def get_capabilities():
    return {
        "name": "translation-table",
        "description": "Replaces accented letters by plain ones.",
        "capabilities": ["text.translation"],
        "utterances": ["replaces accented letters by plain ones"],
    }


def execute(input):
    letters = [PLAIN.get(letter, letter) for letter in input["text"]]
    return {"text": "".join(letters), "changed": sum(1 for l in input["text"] if l in PLAIN)}
