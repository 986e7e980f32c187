"""Computes mean, median and standard deviation."""

import math


def get_capabilities():
    return {
        "name": "statistics-basic",
        "description": "Computes mean, median and standard deviation.",
        "capabilities": ["statistics.summary"],
        "utterances": ["computes mean"],
    }


def execute(input):
    values = sorted(float(v) for v in input["values"])
    if not values:
        return {"error": "no values"}
    n = len(values)
    mean = math.fsum(values) / n
    middle = n // 2
    median = values[middle] if n % 2 else (values[middle - 1] + values[middle]) / 2
    spread = math.sqrt(sum((v - mean) ** 2 for v in values) / n)
    return {"mean": mean, "median": median, "deviation": spread}
