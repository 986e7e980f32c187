# expect: SEC024
# deploy with ghp_a8Kd93kLqPz0Vb7sXyTn4RmWc2Ef6GhJ1uQo


def get_capabilities():
    return {
        "name": "token-in-comment",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return input
