# expect: STR006
def execute(self, input):
    return input


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
