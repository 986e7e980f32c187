# expect: SEC030
def get_capabilities():
    return {
        "name": "while-true",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    total = 0
    while True:
        total += 1
