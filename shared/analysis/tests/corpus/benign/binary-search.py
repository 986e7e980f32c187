"""Looks for a value in a sorted list."""


def find(items, wanted):
    low, high = 0, len(items) - 1
    while low <= high:
        middle = (low + high) // 2
        if items[middle] == wanted:
            return middle
        if items[middle] < wanted:
            low = middle + 1
        else:
            high = middle - 1
    return -1


def get_capabilities():
    return {
        "name": "binary-search",
        "description": "Looks for a value in a sorted list.",
        "capabilities": ["search.binary"],
        "utterances": ["looks for a value in a sorted list"],
    }


def execute(input):
    return {"index": find(sorted(input["items"]), input["wanted"])}
