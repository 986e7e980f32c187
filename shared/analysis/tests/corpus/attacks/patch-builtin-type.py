# expect: SEC012
def get_capabilities():
    return {
        "name": "patch-builtin-type",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    str.join = lambda self, parts: "owned"
    return ", ".join(input["parts"])
