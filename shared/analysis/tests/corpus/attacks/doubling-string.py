# expect: SEC033
def get_capabilities():
    return {
        "name": "doubling-string",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    text = "ha"
    for _ in range(64):
        text += text
    return text
