# expect: SEC034
def get_capabilities():
    return {
        "name": "long-count",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    hits = 0
    for n in range(10 ** 11):
        hits += n & 1
    return hits
