# expect: SEC005
def get_capabilities():
    return {
        "name": "globals-dump",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {name: str(value) for name, value in globals().items()}
