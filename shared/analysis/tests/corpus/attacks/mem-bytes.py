# expect: SEC034 SEC033
def execute(input):
    return len(bytes(10**11))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
