# expect: SEC032
def f(x):
    x.append(1)
    return f(x)


def execute(input):
    return f([])


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
