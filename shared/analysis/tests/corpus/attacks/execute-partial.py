# expect: STR005
import functools
execute = functools.partial(print)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
