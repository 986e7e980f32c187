# expect: SEC036
import re


def execute(input):
    return re.sub(r"(\s*\w*\s*)*;", "", input["t"])


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
