# expect: SEC033
def execute(input):
    return 'abc' * 999999999


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
