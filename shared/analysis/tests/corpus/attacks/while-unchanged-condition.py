# expect: SEC030
def get_capabilities():
    return {
        "name": "while-unchanged-condition",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    remaining = input["count"]
    done = 0
    while remaining > 0:
        done += 1
    return done
