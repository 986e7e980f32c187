"""Measures what an Agno agent takes to instantiate and to keep."""

import json
import sys
import time
import tracemalloc

from agno.agent import Agent


def fastest(rounds):
    best = float("inf")
    for _ in range(rounds):
        begin = time.perf_counter_ns()
        Agent()
        best = min(best, time.perf_counter_ns() - begin)
    return best


def main():
    with open(sys.argv[1]) as file:
        rounds = json.load(file)["rounds"]
    Agent()
    count = 1000
    tracemalloc.start()
    kept = [Agent() for _ in range(count)]
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    print(json.dumps({"instantiate_ns": fastest(rounds), "idle_bytes": held // count}))


main()
