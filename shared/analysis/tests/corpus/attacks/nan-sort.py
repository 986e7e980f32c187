# expect: SEC039
import functools


class K:
    def __init__(self, v): self.v = v
    def __lt__(self, o): return not False


def execute(input):
    return sorted([K(1), K(2)], key=lambda k: k) and 1


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
