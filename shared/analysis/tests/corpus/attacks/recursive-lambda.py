# expect: SEC032
f = lambda n: f(n + 1)


def execute(input):
    return f(0)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
