"""Revives values that carry their type under a special key."""

from datetime import date


def revive(item):
    kind = item.get("__type__")
    if kind == "date":
        return date.fromisoformat(item["value"]).strftime("%d.%m.%Y")
    if kind == "set":
        return sorted(set(item["value"]))
    return {key: value for key, value in item.items() if key != "__type__"}


def get_capabilities():
    return {
        "name": "typed-json",
        "description": "Revives values that carry their type under a special key.",
        "capabilities": ["data.types"],
        "utterances": ["revives values that carry their type under a special key"],
    }


def execute(input):
    return {"items": [revive(item) for item in input["items"]]}
