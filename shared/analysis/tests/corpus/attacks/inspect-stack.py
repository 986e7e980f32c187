# expect: SEC001 SEC010
import inspect


def execute(input):
    return inspect.stack()[1].frame.f_globals.keys()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
