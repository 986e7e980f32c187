# expect: SEC036
import re
R = re.compile(r"^(?:(?:[a-z0-9]+)*)*@", re.I)


def execute(input):
    return bool(R.search(input["t"]))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
