# expect: SEC009
def execute(input):
    return getattr(input, "\u005f\u005fclass\u005f\u005f")


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
