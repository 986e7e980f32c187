# expect: SEC021
def get_capabilities():
    return {
        "name": "concatenated-name",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    wanted = "ev" + "al"
    return {"wanted": wanted}
