# expect: STR006
def get_capabilities():
    return {
        "name": "execute-no-parameter",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute():
    return {}
