# expect: SEC006
def get_capabilities():
    return {
        "name": "mro-walk",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    root = type(input).mro()[-1]
    return [str(c) for c in root.__subclasses__()]
