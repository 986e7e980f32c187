"""Follows a turnstile through its states."""

MOVES = {("locked", "coin"): "open", ("open", "push"): "locked", ("locked", "push"): "locked", ("open", "coin"): "open"}


def get_capabilities():
    return {
        "name": "state-machine",
        "description": "Follows a turnstile through its states.",
        "capabilities": ["simulation.states"],
        "utterances": ["follows a turnstile through its states"],
    }


def execute(input):
    state, history = "locked", []
    for event in input["events"]:
        state = MOVES.get((state, event), state)
        history.append(state)
    return {"state": state, "history": history}
