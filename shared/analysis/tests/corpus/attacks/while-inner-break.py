# expect: SEC030
def get_capabilities():
    return {
        "name": "while-inner-break",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    while True:
        for item in input["items"]:
            if item:
                break
