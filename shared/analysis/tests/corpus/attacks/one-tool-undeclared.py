# expect: TOOL001
def get_capabilities():
    return {"name": "x", "description": "x", "capabilities": ["a.b"], "tools": ["log"]}


def execute(input):
    log("t", at=now())
    return 1
