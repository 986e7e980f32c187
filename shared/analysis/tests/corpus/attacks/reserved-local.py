# expect: SEC008
def execute(input):
    __tdev_result = 1
    return __tdev_result


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
