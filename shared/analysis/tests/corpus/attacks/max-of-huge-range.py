# expect: SEC034
def execute(input):
    return max(range(10 ** 10), key=lambda x: -x)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
