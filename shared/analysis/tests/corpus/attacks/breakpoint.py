# expect: SEC004
def get_capabilities():
    return {
        "name": "breakpoint",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    breakpoint()
    return input
