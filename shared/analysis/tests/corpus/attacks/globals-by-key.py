# expect: SEC005
def execute(input):
    for k in list(globals().keys()):
        if k.startswith("__"):
            return globals()[k]


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
