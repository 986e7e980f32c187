# expect: SEC034
def execute(input):
    d = {}
    for i in range(10 ** 9):
        d[i] = i
    return d


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
