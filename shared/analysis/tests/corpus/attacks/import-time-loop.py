# expect: SEC030
while True:
    pass


def execute(input):
    return 1


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
