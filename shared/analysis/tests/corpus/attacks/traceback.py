# expect: SEC006
def execute(input):
    try:
        raise ValueError
    except ValueError as e:
        f = e.__traceback__
        return f


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
