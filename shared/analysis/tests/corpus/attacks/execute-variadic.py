# expect: STR006
def execute(*args):
    return args


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
