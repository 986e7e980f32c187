# expect: SEC030
def execute(input):
    while True:
        print('spam' * 100)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
