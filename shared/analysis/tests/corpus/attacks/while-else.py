# expect: SEC030
def execute(input):
    i = 0
    while True:
        i += 1
        if i > 10:
            continue
    else:
        return i


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
