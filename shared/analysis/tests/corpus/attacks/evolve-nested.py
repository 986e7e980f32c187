# expect: STR008
# EVOLVE-BLOCK-START
def score(value):
    # EVOLVE-BLOCK-START
    return value
    # EVOLVE-BLOCK-END
# EVOLVE-BLOCK-END


def get_capabilities():
    return {
        "name": "evolve-nested",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return score(input["value"])
