# expect: SEC006
class Spy:
    def __getattribute__(self, name):
        return name


def get_capabilities():
    return {
        "name": "getattribute-override",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return Spy().anything
