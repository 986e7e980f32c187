# expect: SEC033
def execute(input):
    return str(2 ** 100000000)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
