# expect: SEC020
def execute(input):
    s = ""
    for c in [101, 120, 101, 99]:
        s = s + chr(c)
    return s


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
