# expect: SEC005
def get_capabilities():
    return {
        "name": "getattr-from-input",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    target = "text"
    for step in input["path"]:
        target = getattr(target, step)
    return str(target)
