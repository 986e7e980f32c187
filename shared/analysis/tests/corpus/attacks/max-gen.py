# expect: SEC031
def execute(input):
    return max(x for x in iter(lambda: 1, 2))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
