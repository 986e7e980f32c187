# expect: SEC031
def get_capabilities():
    return {
        "name": "iter-sentinel",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    for zero in iter(int, 1):
        pass
