# expect: SEC021 SEC003
def execute(input):
    mod = "o" "s"
    return __import__(mod)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
