# expect: SEC022
def execute(input):
    x = "pass‌word"
    return x


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
