# expect: SEC032
def f(n):
    return f(n-1) if n > 0 else f(n+1)


def execute(input):
    return f(3)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
