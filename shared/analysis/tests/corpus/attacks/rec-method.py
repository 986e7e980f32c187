# expect: SEC032
class A:
    def go(self):
        return self.go()


def execute(input):
    return A().go()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
