# expect: SEC009
def run(scope):
    return scope["__builtins__"]


def get_capabilities():
    return {
        "name": "subscript-builtins",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return str(run(input))
