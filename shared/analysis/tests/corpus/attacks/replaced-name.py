# expect: SEC021 SEC020
def get_capabilities():
    return {
        "name": "replaced-name",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"name": "sXubprocXess".replace("X", "")}
