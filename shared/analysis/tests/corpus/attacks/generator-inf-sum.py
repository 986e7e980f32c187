# expect: SEC031
def g():
    i = 0
    while 1:
        yield i
        i += 1


def execute(input):
    return sum(g())


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
