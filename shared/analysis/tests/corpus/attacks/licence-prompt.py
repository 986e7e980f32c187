# expect: SEC004
def execute(input):
    license()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
