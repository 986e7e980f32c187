# expect: SEC033
def execute(input):
    x = [1]
    for _ in range(50):
        x = x + x
    return len(x)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
