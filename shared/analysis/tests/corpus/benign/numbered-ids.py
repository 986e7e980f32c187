"""Gives each name a number from an endless counter."""

from itertools import count, islice, cycle


def get_capabilities():
    return {
        "name": "numbered-ids",
        "description": "Gives each name a number from an endless counter.",
        "capabilities": ["data.ids"],
        "utterances": ["gives each name a number from an endless counter"],
    }


def execute(input):
    ids = {}
    numbers = count(1)
    for name in input["names"]:
        if name not in ids:
            ids[name] = next(numbers)
    colours = list(islice(cycle(["red", "green", "blue"]), len(ids)))
    pairs = dict(zip(ids, colours))
    first_square = next(n for n in count(1) if n * n > 50)
    for n in count():
        if n > first_square:
            break
    return {"ids": ids, "colours": pairs, "last": n}
