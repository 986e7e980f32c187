# expect: SEC032
def bomb(n):
    return [bomb(n), bomb(n)]


def execute(input):
    return bomb(1)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
