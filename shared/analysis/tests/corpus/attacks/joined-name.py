# expect: SEC021
PARTS = ["__", "imp", "ort", "__"]


def get_capabilities():
    return {
        "name": "joined-name",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"name": "".join(PARTS)}
