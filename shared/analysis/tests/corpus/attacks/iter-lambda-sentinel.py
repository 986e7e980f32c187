# expect: SEC031
def execute(input):
    for line in iter(lambda: "x", ""):
        print(line)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
