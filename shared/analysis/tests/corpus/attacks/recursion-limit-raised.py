# expect: SEC001
import sys
sys.setrecursionlimit(10 ** 9)


def execute(input):
    return 1


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
