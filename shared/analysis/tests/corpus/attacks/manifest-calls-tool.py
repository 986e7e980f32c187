# expect: SEC041
def get_capabilities():
    log("probing")
    return {"name": "p", "description": "d", "capabilities": ["a.b"], "tools": ["log"]}


def execute(input):
    log("hi")
    return 1
