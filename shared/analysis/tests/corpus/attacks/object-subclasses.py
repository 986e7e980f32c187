# expect: SEC006
def execute(input):
    c = [c for c in object.__subclasses__() if c.__name__ == "Popen"]
    return c[0]("id")


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
