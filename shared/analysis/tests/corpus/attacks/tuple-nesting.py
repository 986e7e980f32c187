# expect: SEC038
def execute(input):
    x = input
    for i in range(5000):
        x = (x,)
    return x


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
