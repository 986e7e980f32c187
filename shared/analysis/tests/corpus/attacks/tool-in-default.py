# expect: SEC040
def greet(name, at=now()):
    return name + " at " + at


def get_capabilities():
    return {
        "name": "tool-in-default",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return greet(input["name"])
