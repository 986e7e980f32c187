# expect: SEC030
def get_capabilities():
    return {
        "name": "while-away-from-bound",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    n = 1
    while n > 0:
        n += 1
    return n
