# expect: SEC007
def get_capabilities():
    return {
        "name": "spec-name",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return str(__spec__)
