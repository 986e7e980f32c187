"""Finds a bound by doubling, then searches within it."""


def get_capabilities():
    return {
        "name": "doubling-search",
        "description": "Finds a bound by doubling, then searches within it.",
        "capabilities": ["search.exponential"],
        "utterances": ["finds a bound by doubling"],
    }


def execute(input):
    items, wanted = input["items"], input["wanted"]
    bound = 1
    while bound < len(items) and items[bound] < wanted:
        bound *= 2
    low = bound // 2
    for index in range(low, min(bound + 1, len(items))):
        if items[index] == wanted:
            return {"index": index, "bound": bound}
    return {"index": -1, "bound": bound}
