# expect: SEC004
def get_capabilities():
    return {
        "name": "open-in-comprehension",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return [line for path in input["paths"] for line in open(path)]
