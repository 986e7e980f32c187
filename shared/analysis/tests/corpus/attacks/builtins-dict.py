# expect: SEC006
def execute(input):
    b = {}.__class__.__base__
    return b


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
