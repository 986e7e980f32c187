# expect: SEC006
def execute(input):
    cls = input.__class__.__mro__[1]
    return str(cls.__subclasses__())


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
