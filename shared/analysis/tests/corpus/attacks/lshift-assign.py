# expect: SEC033
def execute(input):
    x = 1
    x <<= 10 ** 11
    return x


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
