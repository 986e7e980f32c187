# expect: SEC032
def f(n=0):
    return f(n + 1)


def execute(input):
    return f()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
