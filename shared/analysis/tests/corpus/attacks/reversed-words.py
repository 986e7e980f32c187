# expect: SEC020
def execute(input):
    x = "tropmi"[::-1] + " " + "so"[::-1]
    return x


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
