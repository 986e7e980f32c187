"""Shortest paths in a road network."""


def get_capabilities():
    return {
        "name": "dijkstra",
        "description": "Shortest paths in a road network.",
        "capabilities": ["graph.paths"],
        "utterances": ["shortest paths in a road network"],
    }


def execute(input):
    roads = input["roads"]
    distance = {node: float("inf") for node in roads}
    distance[input["from"]] = 0
    open_nodes = set(roads)
    while open_nodes:
        node = min(open_nodes, key=lambda n: (distance[n], n))
        open_nodes.remove(node)
        for neighbour, length in roads[node].items():
            distance[neighbour] = min(distance[neighbour], distance[node] + length)
    return {"distance": {node: d for node, d in distance.items() if d < float("inf")}}
