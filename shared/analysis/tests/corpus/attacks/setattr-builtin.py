# expect: SEC005
def execute(input):
    setattr(str, 'x', 1)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
