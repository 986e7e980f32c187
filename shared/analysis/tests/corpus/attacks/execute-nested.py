# expect: STR005
class Agent:
    def execute(self, input):
        return 1


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
