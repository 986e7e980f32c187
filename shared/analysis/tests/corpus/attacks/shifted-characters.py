# expect: SEC020
def execute(input):
    key = "".join(chr(ord(c) - 1) for c in "``jnqpsu``")
    return key


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
