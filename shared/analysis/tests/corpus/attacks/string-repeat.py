# expect: SEC033
def get_capabilities():
    return {
        "name": "string-repeat",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"size": len("A" * 10 ** 10)}
