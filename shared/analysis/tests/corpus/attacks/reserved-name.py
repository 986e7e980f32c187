# expect: SEC008
__tdev_budget = 10 ** 6


def get_capabilities():
    return {
        "name": "reserved-name",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"budget": __tdev_budget}
