# expect: SEC033
def execute(input):
    return {i: 'x' * 1000 for i in range(10**8)}


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
