# expect: SEC009 SEC021
def execute(input):
    a = '__cla'
    b = 'ss__'
    return getattr(input, a + b)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
