# expect: SEC004
def execute(input):
    help('modules')


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
