# expect: SEC036
import re


def execute(input):
    p = '(x+x+)+y'
    return bool(re.search(p, input['t']))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
