"""Formats postal addresses; every name keeps its letters: Zürich, Łódź, Αθήνα, Москва, 東京."""

LAYOUTS = {
    "default": "{street}\n{postcode} {city}\n{country}",
    "us": "{street}\n{city} {postcode}\n{country}",
}


def get_capabilities():
    return {
        "name": "address-formatter",
        "description": "Formats postal addresses; every name keeps its letters: Zürich, Łódź, Αθήνα, Москва, 東京.",
        "capabilities": ["text.address"],
        "utterances": ["formats postal addresses; every name keeps its letters: zürich"],
    }


def execute(input):
    layout = LAYOUTS.get(input.get("layout", "default"), LAYOUTS["default"])
    text = layout.format(street=input["street"], city=input["city"], postcode=input.get("postcode", ""),
                         country=input["country"].upper())
    return {"address": "\n".join(line.strip() for line in text.splitlines() if line.strip())}
