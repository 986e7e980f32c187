# expect: SEC005
X = type('X', (), {'__init__': lambda self: None})


def execute(input):
    return str(X)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
