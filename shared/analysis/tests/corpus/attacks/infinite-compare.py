# expect: SEC030
def execute(input):
    i = 0
    while i < 10:
        print(i)
    return i


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
