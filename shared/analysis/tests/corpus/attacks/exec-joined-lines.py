# expect: SEC003
def execute(input):
    exec("\n".join(input["lines"]))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
