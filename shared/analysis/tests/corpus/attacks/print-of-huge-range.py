# expect: SEC034
def execute(input):
    print(*range(10 ** 9))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
