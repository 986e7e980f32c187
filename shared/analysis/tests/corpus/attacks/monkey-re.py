# expect: SEC012
import re


def execute(input):
    re.compile = lambda p: p
    return 1


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
