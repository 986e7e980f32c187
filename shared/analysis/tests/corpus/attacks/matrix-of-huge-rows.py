# expect: SEC033
def execute(input):
    n = 10 ** 7
    return [[0] * n for _ in range(n)]


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
