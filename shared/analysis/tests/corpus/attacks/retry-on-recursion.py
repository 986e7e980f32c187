# expect: SEC037
def dig(node):
    try:
        return dig(node["next"])
    except RecursionError:
        return dig(node)


def get_capabilities():
    return {
        "name": "retry-on-recursion",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return dig(input)
