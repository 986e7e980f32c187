# expect: SEC006
def execute(input):
    return f"{input.__class__.__mro__}"


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
