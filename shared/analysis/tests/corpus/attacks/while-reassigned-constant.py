# expect: SEC030
def execute(input):
    n = 5
    while n:
        n = 5
    return n


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
