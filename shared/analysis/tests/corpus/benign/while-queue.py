def execute(input):
    stack = [input["root"]]
    names = []
    while stack:
        node = stack.pop()
        names.append(node["name"])
        for child in node.get("children", []):
            stack.append(child)
    return names


def get_capabilities():
    return {"name": "while-queue", "description": "Does what its name says.", "capabilities": ["sample.while-queue"]}
