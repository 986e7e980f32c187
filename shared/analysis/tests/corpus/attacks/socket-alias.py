# expect: SEC003 SEC021
s = __import__("soc" "ket")


def execute(input):
    return s


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
