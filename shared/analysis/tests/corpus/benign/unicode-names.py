"""Names the characters of a text."""

import unicodedata

SAMPLES = {"greek": "αβγδε", "cyrillic": "абвгд", "hebrew": "אבגד", "arabic": "سلام", "emoji": "👩‍🚀🏳️‍🌈", "hindi": "क्षत्रिय"}


def get_capabilities():
    return {
        "name": "unicode-names",
        "description": "Names the characters of a text.",
        "capabilities": ["text.unicode"],
        "utterances": ["names the characters of a text"],
    }


def execute(input):
    rows = []
    for letter in input["text"]:
        rows.append({"letter": letter, "code": f"U+{ord(letter):04X}", "name": unicodedata.name(letter, "?")})
    return {"letters": rows, "known": sorted(SAMPLES)}
