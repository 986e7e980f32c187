# expect: SEC005
def execute(input):
    return getattr(input, input['name'])()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
