# expect: SEC005
def get_capabilities():
    return {
        "name": "type-three-arguments",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    made = type(input["name"], (object,), dict(input["members"]))
    return str(made())
