# expect: SEC012
import datetime
datetime.datetime = None


def execute(input):
    return 1


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
