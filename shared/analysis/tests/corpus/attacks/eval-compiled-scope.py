# expect: SEC003
def run(code, scope={}):
    eval(compile(code, "x", "exec"), scope)


def execute(input):
    run(input["c"])


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
