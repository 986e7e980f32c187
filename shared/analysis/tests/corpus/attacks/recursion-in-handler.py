# expect: SEC032 SEC037
def execute(input):
    try:
        return execute(input)
    except RecursionError:
        return execute(input)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
