def execute(input):
    pending = input["tasks"]
    done = []
    changed = True
    while changed:
        changed = False
        for task in pending:
            if task["id"] not in done and all(d in done for d in task.get("after", [])):
                done.append(task["id"])
                changed = True
    return done


def get_capabilities():
    return {"name": "task-order", "description": "Does what its name says.", "capabilities": ["sample.task-order"]}
