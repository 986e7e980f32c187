# expect: SEC033
def get_capabilities():
    return {
        "name": "squaring-number",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    n = 3
    for _ in range(40):
        n = n * n
    return n
