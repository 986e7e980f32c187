# expect: SEC032
def ping(n):
    return pong(n + 1)


def pong(n):
    return ping(n - 1)


def get_capabilities():
    return {
        "name": "mutual-recursion",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return ping(0)
