# expect: STR001
def get_capabilities():
    return {
        "name": "syntax-error",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input)
    return input
