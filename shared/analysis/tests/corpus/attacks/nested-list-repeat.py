# expect: SEC033
def get_capabilities():
    return {
        "name": "nested-list-repeat",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    row = [input] * 50_000_000
    return len(row)
