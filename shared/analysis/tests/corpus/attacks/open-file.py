# expect: SEC004
def get_capabilities():
    return {
        "name": "open-file",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    with open("/etc/passwd") as accounts:
        return {"accounts": accounts.read().splitlines()}
