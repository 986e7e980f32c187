# expect: SEC003
HANDLERS = {"text": str, "number": float, "script": exec}


def get_capabilities():
    return {
        "name": "exec-in-table",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return HANDLERS[input["kind"]](input["value"])
