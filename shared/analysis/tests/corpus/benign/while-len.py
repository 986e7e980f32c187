def execute(input):
    parts = list(input["parts"])
    merged = []
    while len(parts) > 1:
        a = parts.pop(0)
        b = parts.pop(0)
        merged.append(a + b)
    return merged


def get_capabilities():
    return {"name": "while-len", "description": "Does what its name says.", "capabilities": ["sample.while-len"]}
