# expect: SEC003
class A:
    def __init_subclass__(cls, **kw):
        exec(kw.get("code", ""))


class B(A, code="import os"):
    pass


def execute(input):
    return 1


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
