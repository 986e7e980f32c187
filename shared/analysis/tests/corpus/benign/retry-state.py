def execute(input):
    cfg = {"retries": 3, "timeout": 30, **input.get("config", {})}
    state = {"attempt": 0, "ok": False}
    while not state["ok"] and state["attempt"] < cfg["retries"]:
        state["attempt"] += 1
        state["ok"] = input["outcomes"][state["attempt"] - 1]
    return state


def get_capabilities():
    return {"name": "retry-state", "description": "Does what its name says.", "capabilities": ["sample.retry-state"]}
