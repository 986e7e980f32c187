# expect: SEC009
def execute(input):
    class A:
        secret = 1
    return "{a.__init__.__globals__[x]}".format(a=A())


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
