def chunks(items, size):
    for i in range(0, len(items), size):
        yield items[i:i + size]


def naturals():
    n = 1
    while True:
        yield n
        n += 1


def execute(input):
    out = []
    for n in naturals():
        if n > 5:
            break
        out.append(n)
    return {"chunks": list(chunks(input["items"], 2)), "n": out, "z": list(zip("abc", naturals()))}


def get_capabilities():
    return {"name": "generator", "description": "Does what its name says.", "capabilities": ["sample.generator"]}
