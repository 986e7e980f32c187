# expect: TOOL001 SEC033
def execute(input):
    log("x" * 10 ** 9)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
