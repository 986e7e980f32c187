# expect: SEC003
def execute(input):
    name = "\x5f\x5fimport\x5f\x5f"
    return eval(name)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
