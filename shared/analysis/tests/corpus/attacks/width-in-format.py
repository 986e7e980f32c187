# expect: SEC035
def get_capabilities():
    return {
        "name": "width-in-format",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return "{:>999999999}".format(input["name"])
