# expect: STR006
def get_capabilities():
    return {
        "name": "execute-two-parameters",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input, context):
    return input
