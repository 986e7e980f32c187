# expect: STR005
class Execute:
    def __call__(self, input):
        return input


execute = Execute()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
