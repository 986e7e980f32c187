# expect: SEC033
def execute(input):
    return 9 ** 9 ** 9


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
