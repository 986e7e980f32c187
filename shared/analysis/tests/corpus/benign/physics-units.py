"""Converts units; Greek letters name physical quantities."""

LENGTHS = {"m": 1.0, "km": 1000.0, "mi": 1609.344, "ft": 0.3048, "in": 0.0254}


def get_capabilities():
    return {
        "name": "physics-units",
        "description": "Converts units; Greek letters name physical quantities.",
        "capabilities": ["science.units"],
        "utterances": ["converts units; greek letters name physical quantities"],
    }


def execute(input):
    λ = LENGTHS[input["unit"]]
    Δt = 2.5
    metres = input["value"] * λ
    return {"metres": metres, "speed": metres / Δt, "table": {unit: metres / factor for unit, factor in LENGTHS.items()}}
