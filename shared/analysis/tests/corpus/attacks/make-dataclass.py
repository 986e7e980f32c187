# expect: SEC003
from dataclasses import make_dataclass


def execute(input):
    return str(make_dataclass("X", [("a", input["t"])]))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
