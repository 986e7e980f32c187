# expect: SEC030
def get_capabilities():
    return {
        "name": "while-one-else",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    while 1:
        pass
    return input
