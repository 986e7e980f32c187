# expect: SEC030 SEC033
def execute(input):
    s = 'a'
    while True:
        s = s + s


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
