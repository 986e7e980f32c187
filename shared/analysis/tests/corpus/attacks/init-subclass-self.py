# expect: SEC006
def execute(input):
    return input["x"].__init_subclass__.__self__


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
