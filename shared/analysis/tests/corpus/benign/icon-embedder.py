"""Returns a small embedded icon as a data URL."""

import base64

ICON = (
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAYAAAAf8/9hAAAAGXRFWHRTb2Z0d2FyZQBBZG9iZSBJbWFnZVJlYWR5"
    "ccllPAAAAFNJREFUeNpi/P//PwMlgImBQjBqwKgBowYMFwMAAgwAIB4D/ZxJ7yQAAAAASUVORK5CYII="
)


def get_capabilities():
    return {
        "name": "icon-embedder",
        "description": "Returns a small embedded icon as a data URL.",
        "capabilities": ["image.icon"],
        "utterances": ["returns a small embedded icon as a data url"],
    }


def execute(input):
    raw = base64.b64decode(ICON)
    return {"url": "data:image/png;base64," + ICON, "bytes": len(raw)}
