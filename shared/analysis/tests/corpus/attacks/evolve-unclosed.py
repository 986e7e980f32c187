# expect: STR008
# EVOLVE-BLOCK-START
def score(value):
    return value


def get_capabilities():
    return {
        "name": "evolve-unclosed",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return score(input["value"])
