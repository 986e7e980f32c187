# expect: SEC032
def spin(a, b):
    return spin(b, a)


def execute(input):
    return spin(1, 2)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
