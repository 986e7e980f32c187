"""Simulates one counter with a queue."""

from collections import deque


def get_capabilities():
    return {
        "name": "queue-simulation",
        "description": "Simulates one counter with a queue.",
        "capabilities": ["simulation.queue"],
        "utterances": ["simulates one counter with a queue"],
    }


def execute(input):
    waiting = deque(input["arrivals"])
    clock, waits = 0, []
    while waiting:
        arrival = waiting.popleft()
        start = max(clock, arrival)
        waits.append(start - arrival)
        clock = start + input["service"]
    return {"waits": waits, "mean": sum(waits) / len(waits) if waits else 0}
