# expect: SEC006
def execute(input):
    return "{}".format.__self__.__class__


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
