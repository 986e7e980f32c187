# expect: STR005
def get_capabilities():
    return {
        "name": "execute-rebound",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"safe": True}


def other(input):
    return {"safe": False}

execute = other
