# expect: SEC001
from pathlib import Path


def execute(input):
    return Path('/etc/passwd').read_text()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
