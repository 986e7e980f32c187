# expect: SEC006
class A:
    def __del__(self):
        print('resurrect')


def execute(input):
    A()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
