# expect: SEC006
def execute(input):
    return [].__class__.__base__.__subclasses__()[132].__init__.__globals__["system"]("id")


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
