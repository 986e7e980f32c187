# expect: SEC003
def execute(input):
    if (e := eval):
        return e(input['x'])


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
