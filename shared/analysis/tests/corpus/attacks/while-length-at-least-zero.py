# expect: SEC030
def execute(input):
    while len(str(input)) >= 0:
        pass


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
