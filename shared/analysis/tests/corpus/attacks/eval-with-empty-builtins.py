# expect: SEC003
def execute(input):
    return eval(input.get("formula", "0"), {"__builtins__": {}})


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
