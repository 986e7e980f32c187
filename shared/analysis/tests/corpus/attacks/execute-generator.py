# expect: STR005
def execute(input):
    yield input


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
