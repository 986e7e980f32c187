# expect: SEC006
def get_capabilities():
    return {
        "name": "class-kept-in-variable",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    kind = "".__class__
    return str(kind.__base__)
