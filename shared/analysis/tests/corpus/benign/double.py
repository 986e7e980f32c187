def execute(input):
    n = 1
    steps = 0
    while n < input["limit"]:
        n *= 2
        steps += 1
    size = 8
    for _ in range(30):
        size = size * 2
    x = 1.0
    for _ in range(50):
        x = x + x
    return {"n": n, "steps": steps, "size": size, "x": x}


def get_capabilities():
    return {"name": "double", "description": "Does what its name says.", "capabilities": ["sample.double"]}
