# expect: SEC031
def numbers():
    n = 0
    while True:
        yield n
        n += 1


def get_capabilities():
    return {
        "name": "endless-generator",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return list(numbers())
