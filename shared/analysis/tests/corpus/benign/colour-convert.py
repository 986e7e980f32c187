"""Converts colours between notations."""


def get_capabilities():
    return {
        "name": "colour-convert",
        "description": "Converts colours between notations.",
        "capabilities": ["colour.convert"],
        "utterances": ["converts colours between notations"],
    }


def execute(input):
    text = input["hex"].lstrip("#")
    red, green, blue = (int(text[i:i + 2], 16) for i in (0, 2, 4))
    high, low = max(red, green, blue), min(red, green, blue)
    lightness = (high + low) / 510
    raw = bytes.fromhex(text)
    return {"rgb": [red, green, blue], "lightness": round(lightness, 3), "bytes": len(raw),
            "inverse": "#" + bytes(255 - b for b in raw).hex()}
