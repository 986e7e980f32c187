# expect: SEC009
def get_capabilities():
    return {
        "name": "get-import-by-key",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    importer = input["scope"].get("__import__")
    return str(importer)
