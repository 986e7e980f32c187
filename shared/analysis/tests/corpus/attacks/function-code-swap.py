# expect: SEC006 SEC012
def safe():
    return 1


def other():
    return 2


def get_capabilities():
    return {
        "name": "function-code-swap",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    safe.__code__ = other.__code__
    return safe()
