# expect: SEC032
def walk(node):
    return 1 + walk(node)


def get_capabilities():
    return {
        "name": "self-recursion",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return walk(input)
