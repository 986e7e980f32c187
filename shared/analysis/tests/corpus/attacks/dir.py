# expect: SEC005
def execute(input):
    return [x for x in dir([])]


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
