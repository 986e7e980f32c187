# expect: SEC020
def get_capabilities():
    return {
        "name": "chr-loop",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    name = ""
    for code in (95, 95, 105, 109, 112, 111, 114, 116, 95, 95):
        name += chr(code)
    return {"name": name}
