# expect: SEC023
def get_capabilities():
    return {
        "name": "homoglyph-name",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    аmount = 10
    amount = 20
    return {"total": аmount + amount}
