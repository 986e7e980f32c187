# expect: SEC038
def execute(input):
    x = {}
    for i in range(10000):
        x = {'a': x}
    return x


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
