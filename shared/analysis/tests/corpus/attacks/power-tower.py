# expect: SEC033
def get_capabilities():
    return {
        "name": "power-tower",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return len(str(10 ** 10 ** 8))
