def execute(input):
    match input:
        case {"op": "add", "args": [a, b]}:
            return a + b
        case {"op": "neg", "args": [a]}:
            return -a
        case {"op": str(op)}:
            return {"unknown": op}
        case _:
            return None


def get_capabilities():
    return {"name": "match", "description": "Does what its name says.", "capabilities": ["sample.match"]}
