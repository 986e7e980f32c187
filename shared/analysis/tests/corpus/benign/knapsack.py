"""Solves the 0/1 knapsack problem by dynamic programming."""


def get_capabilities():
    return {
        "name": "knapsack",
        "description": "Solves the 0/1 knapsack problem by dynamic programming.",
        "capabilities": ["optimisation.knapsack"],
        "utterances": ["solves the 0/1 knapsack problem by dynamic programming"],
    }


def execute(input):
    capacity = min(input["capacity"], 100_000)
    best = [0] * (capacity + 1)
    for item in input["items"]:
        for room in range(capacity, item["weight"] - 1, -1):
            best[room] = max(best[room], best[room - item["weight"]] + item["value"])
    return {"value": best[capacity]}
