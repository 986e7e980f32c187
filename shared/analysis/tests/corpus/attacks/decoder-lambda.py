# expect: SEC021
def execute(input):
    d = lambda s: "".join(chr(ord(c) ^ 1) for c in s)
    return d("hlqnsu!nr")


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
