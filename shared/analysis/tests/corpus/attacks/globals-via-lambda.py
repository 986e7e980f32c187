# expect: SEC006
def execute(input):
    return (lambda: 0).__globals__


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
