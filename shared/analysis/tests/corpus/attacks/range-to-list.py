# expect: SEC033
def get_capabilities():
    return {
        "name": "range-to-list",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return len(list(range(10 ** 9)))
