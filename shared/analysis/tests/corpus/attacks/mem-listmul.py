# expect: SEC033
def execute(input):
    a = [[0] * 10**5] * 10**5
    return [x[:] for x in a]


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
