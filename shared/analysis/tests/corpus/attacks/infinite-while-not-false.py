# expect: SEC030
def execute(input):
    x = 0
    while not False:
        x = x + 1
    return x


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
