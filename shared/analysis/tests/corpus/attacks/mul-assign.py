# expect: SEC033
def execute(input):
    s = "x"
    s *= 10 ** 10
    return s


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
