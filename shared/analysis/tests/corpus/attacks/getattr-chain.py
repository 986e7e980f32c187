# expect: SEC021 SEC009
def execute(input):
    return getattr(getattr(input, "__cl" + "ass__"), "__ba" + "se__")


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
