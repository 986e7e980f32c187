"""Looks for things that look like secrets in a text."""

import re

PATTERNS = {
    "aws": r"AKIA[0-9A-Z]{16}",
    "github": r"ghp_[A-Za-z0-9]{36}",
    "private key": r"-----BEGIN (?:RSA |EC )?PRIVATE KEY-----",
    "example": "AKIAXXXXXXXXXXXXXXXX",
}


def get_capabilities():
    return {
        "name": "secret-scanner",
        "description": "Looks for things that look like secrets in a text.",
        "capabilities": ["security.scan"],
        "utterances": ["looks for things that look like secrets in a text"],
    }


def execute(input):
    found = []
    for kind, pattern in PATTERNS.items():
        for match in re.finditer(pattern, input["text"]):
            found.append({"kind": kind, "at": match.start()})
    return {"found": found}
