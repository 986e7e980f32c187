# expect: SEC033
def execute(input):
    return "a" * (2 ** 40)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
