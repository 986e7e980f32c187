# expect: SEC008
def spend(__tdev_cost=0):
    return __tdev_cost


def get_capabilities():
    return {
        "name": "reserved-parameter",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"cost": spend()}
