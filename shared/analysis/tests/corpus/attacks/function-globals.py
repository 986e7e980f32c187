# expect: SEC006
def helper():
    return None


def get_capabilities():
    return {
        "name": "function-globals",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    builtins = helper.__globals__["__builtins__"]
    return str(builtins)
