# expect: SEC030
def execute(input):
    n = input['n']
    while n != 0:
        n = n
    return n


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
