# expect: SEC032
def get_capabilities():
    return {
        "name": "y-combinator",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return (lambda f: f(f))(lambda f: f(f))
