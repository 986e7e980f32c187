# expect: SEC035
def get_capabilities():
    return {
        "name": "width-in-percent",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return "%1000000000d" % input["n"]
