# expect: SEC010
def get_capabilities():
    return {
        "name": "code-constants",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return str(execute.func_code.co_consts)
