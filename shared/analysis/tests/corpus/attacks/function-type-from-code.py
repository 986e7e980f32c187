# expect: SEC003
def execute(input):
    return str(type(lambda: 0)(compile("1", "", "eval"), {}))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
