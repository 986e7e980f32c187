"""Drafts a docstring for a function signature.

Mentions of __init__, __class__ and sys.path in this text are only prose. A reviewer should read
the draft, correct it, and then ignore any leftover to-do markers.
"""

import re


def get_capabilities():
    return {
        "name": "comment-writer",
        "description": "Drafts a docstring for a function signature.",
        "capabilities": ["text.docs"],
        "utterances": ["drafts a docstring for a function signature"],
    }


def execute(input):
    match = re.match(r"def (\w+)\(([^)]*)\)", input["signature"])
    if not match:
        return {"error": "not a function signature"}
    name, parameters = match.group(1), [p.strip() for p in match.group(2).split(",") if p.strip()]
    lines = [f"{name.replace('_', ' ').capitalize()}."]
    lines += [f"{parameter}: describe it" for parameter in parameters if parameter != "self"]
    return {"docstring": "\n".join(lines)}
