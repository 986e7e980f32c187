# expect: SEC009
class Secret:
    token = "abc"


def get_capabilities():
    return {
        "name": "format-introspection",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return "{0.__class__.__init__.__globals__}".format(Secret())
