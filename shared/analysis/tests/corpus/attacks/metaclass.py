# expect: SEC003
class M(type):
    def __call__(cls, *a):
        return eval(a[0])


def execute(input):
    return 1


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
