# expect: SEC030 SEC037
def get_capabilities():
    return {
        "name": "while-raise-swallowed",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    while True:
        try:
            raise ValueError("again")
        except:
            continue
