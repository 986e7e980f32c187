# expect: SEC006
def get_capabilities():
    return {
        "name": "class-pattern-match",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    match input["value"]:
        case object(__class__=kind):
            return str(kind)
    return None
