# expect: SEC022
NOTE = "Plain note󠁩󠁧󠁮󠁯󠁲󠁥"


def get_capabilities():
    return {
        "name": "tag-smuggling",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"note": NOTE}
