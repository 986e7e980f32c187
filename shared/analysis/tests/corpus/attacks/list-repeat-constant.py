# expect: SEC033
SIZE = 1 << 31


def get_capabilities():
    return {
        "name": "list-repeat-constant",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    table = [0] * SIZE
    return len(table)
