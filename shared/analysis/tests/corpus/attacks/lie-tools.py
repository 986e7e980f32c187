# expect: TOOL001
def execute(input):
    log(str(input))
    return now()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
