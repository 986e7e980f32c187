# expect: SEC033 SEC034
X = [0] * (1 << 40)


def execute(input):
    return len(X)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
