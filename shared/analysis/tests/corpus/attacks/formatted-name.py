# expect: SEC021
def get_capabilities():
    return {
        "name": "formatted-name",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    middle = "builtins"
    return {"name": f"__{middle}__"}
