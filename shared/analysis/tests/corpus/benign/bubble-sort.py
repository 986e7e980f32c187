def execute(input):
    items = list(input["items"])
    swapped = True
    n = len(items)
    while swapped:
        swapped = False
        for i in range(1, n):
            if items[i - 1] > items[i]:
                items[i - 1], items[i] = items[i], items[i - 1]
                swapped = True
        n -= 1
    return items


def get_capabilities():
    return {"name": "bubble-sort", "description": "Does what its name says.", "capabilities": ["sample.bubble-sort"]}
