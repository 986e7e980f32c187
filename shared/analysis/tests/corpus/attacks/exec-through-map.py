# expect: SEC003
def execute(input):
    return list(map(lambda f: f("import os"), [exec]))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
