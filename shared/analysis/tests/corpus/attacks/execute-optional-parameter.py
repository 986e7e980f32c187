# expect: STR006
def execute(input, key="secret"):
    return key


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
