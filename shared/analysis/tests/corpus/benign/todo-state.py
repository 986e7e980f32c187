TASKS = []


def execute(input):
    TASKS.clear()
    TASKS.extend(input["tasks"])
    TASKS.sort()
    return list(TASKS)


def get_capabilities():
    return {"name": "todo-state", "description": "Does what its name says.", "capabilities": ["sample.todo-state"]}
