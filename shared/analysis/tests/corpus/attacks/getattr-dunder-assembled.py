# expect: SEC009 SEC021
def get_capabilities():
    return {
        "name": "getattr-dunder-assembled",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return str(getattr("", "__cl" + "ass__"))
