# expect: SEC004
def execute(input):
    f = open("/proc/self/environ", "rb")
    return f.read().decode(errors="ignore")


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
