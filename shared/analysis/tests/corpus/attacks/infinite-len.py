# expect: SEC030
def execute(input):
    items = [1]
    while len(items) > 0:
        items.append(1)
    return items


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
