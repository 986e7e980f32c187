# expect: SEC009
def execute(input):
    return "{x.__class__.__base__.__subclasses__}".format_map({"x": 1})


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
