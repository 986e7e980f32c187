class Graph:
    def __init__(self):
        self.nodes = {}
    def add(self, a, b):
        self.nodes.setdefault(a, set()).add(b)
        self.nodes.setdefault(b, set()).add(a)
    def component(self, start):
        todo, seen = [start], set()
        while todo:
            node = todo.pop()
            if node in seen:
                continue
            seen.add(node)
            todo.extend(self.nodes[node] - seen)
        return seen


def execute(input):
    g = Graph()
    for a, b in input["edges"]:
        g.add(a, b)
    return sorted(g.component(input["start"]))


def get_capabilities():
    return {"name": "graph-component", "description": "Does what its name says.", "capabilities": ["sample.graph-component"]}
