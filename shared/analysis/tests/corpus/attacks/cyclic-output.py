# expect: SEC038
def get_capabilities():
    return {
        "name": "cyclic-output",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    result = []
    result.append(result)
    return result
