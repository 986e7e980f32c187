# expect: SEC036
import re


def execute(input):
    return re.match(r'^([a-zA-Z0-9_\-\.]+)*@x\.com$', input['t']) is not None


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
