# expect: SEC036
import re


def execute(input):
    return re.findall(r"((a|b|ab)*)*c", input["t"])


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
