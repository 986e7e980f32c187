# expect: SEC004
def execute(input):
    return memoryview(b"x").obj


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
