def execute(input):
    a, b = 0, 1
    out = []
    while a < input["limit"]:
        out.append(a)
        a, b = b, a + b
    return out


def get_capabilities():
    return {"name": "fibonacci-below", "description": "Does what its name says.", "capabilities": ["sample.fibonacci-below"]}
