# expect: SEC009
def get_capabilities():
    return {
        "name": "getattr-dunder-literal",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return str(getattr("", "__class__"))
