# expect: SEC001
import builtins


def execute(input):
    return builtins.eval(input["x"])


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
