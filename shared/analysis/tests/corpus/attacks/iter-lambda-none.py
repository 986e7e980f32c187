# expect: SEC031
def execute(input):
    total = 0
    for i in iter(lambda: 0, None):
        total += i
    return total


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
