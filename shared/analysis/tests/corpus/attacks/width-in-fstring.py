# expect: SEC035
WIDTH = 10 ** 9


def get_capabilities():
    return {
        "name": "width-in-fstring",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return f"{input['name']:>{WIDTH}}"
