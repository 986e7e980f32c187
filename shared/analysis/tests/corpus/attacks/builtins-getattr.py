# expect: SEC007 SEC021
evil = getattr(__builtins__, "ex" + "ec")


def execute(input):
    evil("1")


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
