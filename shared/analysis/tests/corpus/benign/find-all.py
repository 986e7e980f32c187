def execute(input):
    out = []
    i = 0
    s = input["s"]
    while True:
        j = s.find(input["needle"], i)
        if j == -1:
            break
        out.append(j)
        i = j + 1
    return out


def get_capabilities():
    return {"name": "find-all", "description": "Does what its name says.", "capabilities": ["sample.find-all"]}
