# expect: SEC036
import re


def execute(input):
    return bool(re.fullmatch(r'(.*?,){30}P', input['t'])) or bool(re.match('(a|aa)+$', input['t']))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
