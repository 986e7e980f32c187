# expect: SEC021
def get_capabilities():
    return {
        "name": "percent-name",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"name": "%s%s" % ("o", "s.system")}
