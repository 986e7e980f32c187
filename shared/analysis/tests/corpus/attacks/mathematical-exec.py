# expect: SEC003 SEC023
def get_capabilities():
    return {
        "name": "mathematical-exec",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    𝐞𝐱𝐞𝐜(input["text"])
    return {"ok": True}
