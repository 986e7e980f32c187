# expect: SEC006
def get_capabilities():
    return {
        "name": "subclasses-walk",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    found = []
    for candidate in ().__class__.__base__.__subclasses__():
        if "wrap_close" in str(candidate):
            found.append(candidate)
    return str(found)
