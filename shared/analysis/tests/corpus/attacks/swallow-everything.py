# expect: SEC037
def get_capabilities():
    return {
        "name": "swallow-everything",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    attempts = 0
    while attempts < 1000000:
        try:
            attempts += len(input["items"])
        except BaseException:
            pass
    return attempts
