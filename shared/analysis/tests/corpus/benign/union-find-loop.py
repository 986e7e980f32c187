def find(parent, x):
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


def execute(input):
    parent = {n: n for n in input["nodes"]}
    for a, b in input["edges"]:
        parent[find(parent, a)] = find(parent, b)
    return len({find(parent, n) for n in input["nodes"]})


def get_capabilities():
    return {"name": "union-find-loop", "description": "Does what its name says.", "capabilities": ["sample.union-find-loop"]}
