# expect: SEC038
def get_capabilities():
    return {
        "name": "cyclic-dict",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    node = {"name": "root"}
    node["parent"] = node
    return node
