def find(parent, x):
    if parent[x] != x:
        parent[x] = find(parent, parent[x])
    return parent[x]


def execute(input):
    parent = list(range(input["n"]))
    for a, b in input["edges"]:
        parent[find(parent, a)] = find(parent, b)
    child = {"name": "c"}
    root = {"name": "r", "children": [child]}
    child["parent_name"] = root["name"]
    return [find(parent, i) for i in range(input["n"])]


def get_capabilities():
    return {"name": "union-find-recursive", "description": "Does what its name says.", "capabilities": ["sample.union-find-recursive"]}
