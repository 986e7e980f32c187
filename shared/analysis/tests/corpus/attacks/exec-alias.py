# expect: SEC003
run = exec


def get_capabilities():
    return {
        "name": "exec-alias",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    run(input["code"])
    return {"done": True}
