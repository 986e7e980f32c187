# expect: SEC006
class Gadget:
    def __reduce__(self):
        return (print, ("owned",))


def get_capabilities():
    return {
        "name": "reduce-gadget",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"gadget": str(Gadget())}
