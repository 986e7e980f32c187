# expect: SEC030
def execute(input):
    out = []
    i = 0
    while i >= 0:
        out.append(i)
        i = i + 1
    return out


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
