# expect: SEC023
def сору(value):
    return value


def get_capabilities():
    return {
        "name": "cyrillic-function",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return сору(input)
