# expect: SEC030
LIMIT = 5


def get_capabilities():
    return {
        "name": "while-folded-condition",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    while LIMIT * 2 == 10:
        print("still here")
    return input
