# expect: SEC030
def execute(input):
    for k in input['list']:
        input['list'].append(k)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
