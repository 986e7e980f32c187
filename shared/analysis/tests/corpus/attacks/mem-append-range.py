# expect: SEC034
def execute(input):
    out = []
    for i in range(10**10):
        out.append('x' * 1000)
    return out


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
