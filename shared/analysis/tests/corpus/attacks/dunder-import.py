# expect: SEC003
def get_capabilities():
    return {
        "name": "dunder-import",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return __import__("os").listdir("/")
