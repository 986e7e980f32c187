# expect: SEC033
def get_capabilities():
    return {
        "name": "unknown-power",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return input["base"] ** 99999999
