# expect: SEC034 SEC033
def execute(input):
    return len(set(range(5 * 10 ** 8)))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
