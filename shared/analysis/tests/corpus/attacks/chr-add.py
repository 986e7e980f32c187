# expect: SEC020
def execute(input):
    n = chr(95)*2 + 'import' + chr(95)*2
    return n


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
