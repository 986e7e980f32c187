# expect: SEC022
def get_capabilities():
    return {
        "name": "zero-width-space",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    role = "admin​"
    return {"same": role == input["role"]}
