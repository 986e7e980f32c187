"""Reads settings with defaults through attributes."""


class Settings:
    limit = 10
    unit = "kg"


def get_capabilities():
    return {
        "name": "settings-reader",
        "description": "Reads settings with defaults through attributes.",
        "capabilities": ["config.settings"],
        "utterances": ["reads settings with defaults through attributes"],
    }


def execute(input):
    settings = Settings()
    limit = input.get("limit", getattr(settings, "limit", 0))
    unit = getattr(settings, "unit")
    has_color = hasattr(settings, "color")
    return {"limit": limit, "unit": unit, "color": has_color}
