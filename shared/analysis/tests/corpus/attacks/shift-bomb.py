# expect: SEC033
def get_capabilities():
    return {
        "name": "shift-bomb",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return bool(1 << 10 ** 10)
