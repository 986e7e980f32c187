# expect: STR003
def get_capabilities():
    return {
        "name": "no-execute",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def run(input):
    return input
