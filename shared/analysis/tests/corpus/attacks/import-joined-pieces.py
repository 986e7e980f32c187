# expect: SEC003 SEC021
def execute(input):
    parts = ["su", "bpro", "cess"]
    return __import__("".join(parts))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
