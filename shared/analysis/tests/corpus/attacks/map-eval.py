# expect: SEC003
def get_capabilities():
    return {
        "name": "map-eval",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return list(map(eval, input["formulas"]))
