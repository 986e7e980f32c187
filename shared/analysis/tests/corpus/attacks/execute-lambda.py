# expect: STR005
def get_capabilities():
    return {
        "name": "execute-lambda",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


execute = lambda input: input
