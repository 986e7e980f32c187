# expect: SEC031
import itertools


def execute(input):
    for a, b in zip(itertools.count(), itertools.cycle("ab")):
        print(a, b)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
