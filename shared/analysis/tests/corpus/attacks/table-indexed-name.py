# expect: SEC021
LETTERS = "abcdefghijklmnopqrstuvwxyz_"


def get_capabilities():
    return {
        "name": "table-indexed-name",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    name = LETTERS[4] + LETTERS[23] + LETTERS[4] + LETTERS[2]
    return {"name": name}
