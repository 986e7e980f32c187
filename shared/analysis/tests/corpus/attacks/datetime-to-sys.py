# expect: SEC011
import datetime


def execute(input):
    return datetime.sys.modules["os"].environ


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
