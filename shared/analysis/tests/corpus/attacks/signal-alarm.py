# expect: SEC001
import signal


def execute(input):
    signal.alarm(0)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
