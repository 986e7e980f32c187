"""Smooths a series."""

from itertools import accumulate


def get_capabilities():
    return {
        "name": "moving-average",
        "description": "Smooths a series.",
        "capabilities": ["statistics.smoothing"],
        "utterances": ["smooths a series"],
    }


def execute(input):
    values, window = input["values"], max(1, input.get("window", 3))
    sums = [0] + list(accumulate(values))
    smooth = [(sums[i + window] - sums[i]) / window for i in range(len(values) - window + 1)]
    return {"smooth": smooth, "highest": max(smooth, default=None)}
