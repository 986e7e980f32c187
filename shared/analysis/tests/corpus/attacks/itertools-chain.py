# expect: SEC031
from itertools import chain, repeat


def execute(input):
    return list(chain([1], repeat(2)))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
