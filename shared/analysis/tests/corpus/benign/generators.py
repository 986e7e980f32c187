def flatten(value):
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from flatten(item)
    else:
        yield value


def window(items, n):
    it = iter(items)
    buf = []
    while True:
        try:
            buf.append(next(it))
        except StopIteration:
            return buf
        if len(buf) > n:
            buf.pop(0)


def execute(input):
    return {"flat": list(flatten(input["v"])), "w": window(input["v"], 3)}


def get_capabilities():
    return {"name": "generators", "description": "Does what its name says.", "capabilities": ["sample.generators"]}
