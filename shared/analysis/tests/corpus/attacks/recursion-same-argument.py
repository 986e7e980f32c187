# expect: SEC032
def settle(value):
    if value == 0:
        return 0
    return settle(value)


def get_capabilities():
    return {
        "name": "recursion-same-argument",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return settle(input["value"])
