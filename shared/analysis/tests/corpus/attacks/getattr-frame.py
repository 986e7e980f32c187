# expect: SEC009
def get_capabilities():
    return {
        "name": "getattr-frame",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    numbers = (n for n in range(3))
    return str(getattr(numbers, "gi_frame"))
