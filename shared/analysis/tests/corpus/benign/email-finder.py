"""Finds e-mail addresses in running text."""

import re

ADDRESS = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")


def get_capabilities():
    return {
        "name": "email-finder",
        "description": "Finds e-mail addresses in running text.",
        "capabilities": ["text.extraction"],
        "utterances": ["finds e-mail addresses in running text"],
    }


def execute(input):
    found = ADDRESS.findall(input["text"])
    return {"addresses": sorted(set(address.lower() for address in found))}
