def advance(state):
    state["i"] += 1


def execute(input):
    state = {"i": 0}
    while state["i"] < 5:
        advance(state)
    return state


def get_capabilities():
    return {"name": "while-helper", "description": "Does what its name says.", "capabilities": ["sample.while-helper"]}
