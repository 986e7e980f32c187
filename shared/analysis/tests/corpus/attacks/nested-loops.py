# expect: SEC034
def execute(input):
    c = 0
    for i in range(100000):
        for j in range(100000):
            c += 1
    return c


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
