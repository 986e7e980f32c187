# expect: SEC038
def get_capabilities():
    return {
        "name": "deep-output",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    value = []
    for _ in range(100000):
        value = [value]
    return value
