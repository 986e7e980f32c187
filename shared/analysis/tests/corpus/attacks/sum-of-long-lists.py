# expect: SEC033
def execute(input):
    return sum([[i] * 1000000 for i in range(1000)], [])


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
