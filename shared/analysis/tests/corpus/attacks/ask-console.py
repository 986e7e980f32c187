# expect: SEC004
def get_capabilities():
    return {
        "name": "ask-console",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(payload):
    answer = input("Password: ")
    return {"answer": answer}
