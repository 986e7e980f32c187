# expect: SEC030
def get_capabilities():
    return {
        "name": "list-grows-while-walked",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    items = [1]
    for item in items:
        items.append(item + 1)
    return items
