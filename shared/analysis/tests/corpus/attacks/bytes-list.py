# expect: SEC020
def execute(input):
    return bytes([105,109,112,111,114,116,32,111,115]).decode()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
