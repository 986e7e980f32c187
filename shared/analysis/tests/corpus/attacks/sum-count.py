# expect: SEC031
from itertools import count


def execute(input):
    total = 0
    for i in count(0, 2):
        total += i
    return total


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
