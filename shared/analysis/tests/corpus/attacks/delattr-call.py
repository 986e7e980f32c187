# expect: SEC005
def execute(input):
    return delattr(input, "x")


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
