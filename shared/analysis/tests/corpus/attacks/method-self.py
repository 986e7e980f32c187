# expect: SEC006
def get_capabilities():
    return {
        "name": "method-self",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return str(print.__self__)
