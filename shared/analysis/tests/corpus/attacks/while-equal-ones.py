# expect: SEC030
def execute(input):
    while 1 == 1:
        x = [i for i in range(1000)]


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
