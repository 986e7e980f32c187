"""Counts log levels; logarithms come from math, and the platform's log tool is not used."""

from math import log


def get_capabilities():
    return {
        "name": "log-analyser",
        "description": "Counts log levels; logarithms come from math, and the platform's log tool is not used.",
        "capabilities": ["logs.errors"],
        "utterances": ["counts log levels; logarithms come from math"],
    }


def execute(input):
    levels = {}
    for line in input["lines"]:
        level = line.split(" ", 1)[0]
        levels[level] = levels.get(level, 0) + 1
    total = sum(levels.values())
    entropy = -sum(n / total * log(n / total) for n in levels.values()) if total else 0.0
    return {"levels": levels, "entropy": round(entropy, 4)}
