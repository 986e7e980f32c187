# expect: SEC030
def execute(input):
    running = True
    while running:
        pass
    return 1


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
