# expect: SEC003
def get_capabilities():
    return {
        "name": "eval-input",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"result": eval(input["expression"])}
