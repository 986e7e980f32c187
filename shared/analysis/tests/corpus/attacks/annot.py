# expect: SEC003
def f(x: exec("1")):
    return x


def execute(input):
    return f(1)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
