# expect: SEC030
def get_capabilities():
    return {
        "name": "while-fake-break",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    while True:
        if 1 > 2:
            break
    return input
