# expect: SEC003
@exec
@str
class Payload:
    pass


def get_capabilities():
    return {
        "name": "decorator-exec",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"ok": True}
