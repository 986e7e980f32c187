"""Writes a handover note with the time."""

MANIFEST = {
    "name": "shift-handover",
    "description": "Writes a handover note for the next shift.",
    "capabilities": ["planning.handover"],
    "tools": ["now"],
}


def get_capabilities():
    return MANIFEST


def execute(input):
    notes = sorted(input["notes"], key=lambda note: -note["severity"])
    lines = [f"Handover at {now()}"]
    lines += [f"{'!' * note['severity']:<4}{note['text']}" for note in notes]
    return {"text": "\n".join(lines)}
