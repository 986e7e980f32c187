# expect: SEC032
def execute(input):
    def inner():
        return inner()
    return inner()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
