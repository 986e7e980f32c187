# expect: SEC003
def get_capabilities():
    return {
        "name": "compile-and-lambda",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    build = lambda text: compile(text, "<agent>", "eval")
    return {"names": list(build(input["text"]).co_names)}
