# expect: SEC035
def execute(input):
    return "%*d" % (1000000000, 5)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
