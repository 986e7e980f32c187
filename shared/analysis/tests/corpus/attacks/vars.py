# expect: SEC005
def execute(input):
    return vars()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
