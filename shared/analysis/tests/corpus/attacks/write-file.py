# expect: SEC004
def get_capabilities():
    return {
        "name": "write-file",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    target = open(input["path"], mode="w")
    target.write(input["text"])
    return {"written": len(input["text"])}
