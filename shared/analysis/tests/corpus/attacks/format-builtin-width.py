# expect: SEC035
def execute(input):
    return format(5, "1000000000d")


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
