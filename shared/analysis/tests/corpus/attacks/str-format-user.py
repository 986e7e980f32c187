# expect: SEC009
def execute(input):
    t = '{0.__class__.__base__}'
    return str.format(t, input)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
