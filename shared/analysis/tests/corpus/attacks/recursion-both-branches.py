# expect: SEC032
def explore(n):
    if n % 2:
        return explore(n + 1)
    else:
        return explore(n * 3)


def get_capabilities():
    return {
        "name": "recursion-both-branches",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return explore(input["n"])
