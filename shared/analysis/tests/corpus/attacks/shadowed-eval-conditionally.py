# expect: SEC003
if False:
    eval = None


def get_capabilities():
    return {
        "name": "shadowed-eval-conditionally",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return eval(input["expression"])
