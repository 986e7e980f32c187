# expect: SEC003
class X:
    exec("print(1)")


def execute(input):
    return 1


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
