# expect: SEC030
def execute(input):
    try:
        while True:
            pass
    except TimeoutError:
        while True:
            pass


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
