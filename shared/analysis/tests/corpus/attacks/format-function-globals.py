# expect: SEC009
def execute(input):
    s = "{x.__globals__}"
    return s.format(x=execute)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
