# expect: SEC033
def execute(input):
    x = 10
    x **= 10 ** 9
    return x


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
