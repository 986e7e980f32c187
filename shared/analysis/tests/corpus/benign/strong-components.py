def execute(input):
    graph = input["graph"]
    index, stack, low, num, result = [0], [], {}, {}, []
    def strong(v):
        num[v] = low[v] = index[0]
        index[0] += 1
        stack.append(v)
        for w in graph.get(v, []):
            if w not in num:
                strong(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], num[w])
        if low[v] == num[v]:
            group = []
            while True:
                w = stack.pop()
                group.append(w)
                if w == v:
                    break
            result.append(group)
    for v in graph:
        if v not in num:
            strong(v)
    return result


def get_capabilities():
    return {"name": "strong-components", "description": "Does what its name says.", "capabilities": ["sample.strong-components"]}
