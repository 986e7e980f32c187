# expect: SEC035 SEC033
def get_capabilities():
    return {
        "name": "width-in-ljust",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return input["name"].ljust(2_000_000_000)
