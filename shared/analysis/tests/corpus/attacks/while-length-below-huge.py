# expect: SEC033
def execute(input):
    s = "a"
    while len(s) < 10 ** 12:
        s *= 2
    return len(s)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
