# expect: SEC041
def get_capabilities():
    return {"name": "p", "description": "d", "capabilities": ["a.b"], "tools": ["log"] if hash("a") % 2 else []}


def execute(input):
    return 1
