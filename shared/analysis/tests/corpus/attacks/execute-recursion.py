# expect: SEC032
def get_capabilities():
    return {
        "name": "execute-recursion",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    result = execute(input)
    return result
