"""Orders tasks so that each comes after what it needs."""


def get_capabilities():
    return {
        "name": "topological-sort",
        "description": "Orders tasks so that each comes after what it needs.",
        "capabilities": ["graph.order"],
        "utterances": ["orders tasks so that each comes after what it needs"],
    }


def execute(input):
    needs = {task: set(before) for task, before in input["needs"].items()}
    order = []
    while needs:
        ready = sorted(task for task, before in needs.items() if not before - set(order))
        if not ready:
            raise ValueError("cycle among " + ", ".join(sorted(needs)))
        for task in ready:
            order.append(task)
            needs.pop(task)
    return {"order": order}
