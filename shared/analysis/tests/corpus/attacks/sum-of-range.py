# expect: SEC034
def get_capabilities():
    return {
        "name": "sum-of-range",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return sum(n * n for n in range(10 ** 12))
