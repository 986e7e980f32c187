"""Visits a graph breadth first; the list of nodes grows while it is walked."""


def get_capabilities():
    return {
        "name": "breadth-first",
        "description": "Visits a graph breadth first; the list of nodes grows while it is walked.",
        "capabilities": ["graph.search"],
        "utterances": ["visits a graph breadth first; the list of nodes grows while it is walked"],
    }


def execute(input):
    edges = input["edges"]
    order = [input["start"]]
    seen = {input["start"]}
    for node in order:
        for neighbour in edges.get(node, []):
            if neighbour not in seen:
                seen.add(neighbour)
                order.append(neighbour)
    return {"order": order}
