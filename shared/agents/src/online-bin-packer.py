"""Packs items into bins one at a time, each where a priority function likes it best."""

import math


def get_capabilities():
    return {
        "name": "online-bin-packer",
        "description": "Online bin packing: puts each item, in the order given, into the open "
        "bin with the highest priority, and reports how far the result is from the lower bound.",
        "capabilities": ["optimisation.bin-packing"],
        "utterances": [
            "pack these items into boxes",
            "how many bins do I need",
            "assign the jobs to machines of fixed capacity",
            "solve an online bin packing instance",
            "fit parcels into containers as they arrive",
        ],
        # What is said of the first holds for every priority; the second shows one at work.
        "examples": [
            {
                "input": {"capacity": 10, "items": [6, 4, 5]},
                "output": {
                    "bins": 2,
                    "packing": [[6, 4], [5]],
                    "lower_bound": 2,
                    "excess": 0.0,
                },
            },
            {
                "input": {
                    "capacity": 100,
                    "items": [42, 63, 35, 58, 21, 37, 49, 71, 28, 44, 56, 33],
                },
            },
        ],
        "input_schema": {
            "type": "object",
            "properties": {
                "capacity": {"type": "number", "exclusiveMinimum": 0},
                "items": {
                    "type": "array",
                    "items": {"type": "number", "exclusiveMinimum": 0},
                    "maxItems": 2000,
                },
            },
            "required": ["capacity", "items"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {
                "bins": {"type": "integer"},
                "packing": {"type": "array", "items": {"type": "array"}},
                "lower_bound": {"type": "integer"},
                "excess": {"type": "number"},
            },
            "required": ["bins", "packing", "lower_bound", "excess"],
        },
        "tools": [],
        "limits": {"wall_time_ms": 2000},
    }


# EVOLVE-BLOCK-START
def priority(item, room, capacity):
    """How good a bin with so much room left is for the item; the highest wins.

    Best fit: the tightest bin, save that a gap too small to be of use is worth avoiding.
    """
    gap = room - item
    if 0 < gap < 0.02 * capacity:
        return -2.0 * gap
    return -gap
# EVOLVE-BLOCK-END


def execute(input):
    capacity, items = input["capacity"], input["items"]
    rooms, packing = [], []
    for item in items:
        if item > capacity:
            raise ValueError(f"an item of {item} does not fit a bin of {capacity}")
        best, best_priority = None, None
        for k, room in enumerate(rooms):
            if room >= item:
                score = priority(item, room, capacity)
                if best is None or score > best_priority:
                    best, best_priority = k, score
        if best is None:
            rooms.append(capacity - item)
            packing.append([item])
        else:
            rooms[best] -= item
            packing[best].append(item)
    lower_bound = math.ceil(sum(items) / capacity)
    excess = (len(packing) - lower_bound) / lower_bound if lower_bound else 0.0
    return {
        "bins": len(packing),
        "packing": packing,
        "lower_bound": lower_bound,
        "excess": round(excess, 4),
    }
