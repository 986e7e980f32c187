# expect: SEC004
def execute(data):
    return input()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
