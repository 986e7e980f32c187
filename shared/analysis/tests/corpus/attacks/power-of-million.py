# expect: SEC033
def execute(input):
    return round(10 ** 1000000)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
