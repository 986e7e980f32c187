"""Measures an agent in CPython as benches/sandbox.rs does in the sandbox."""

import json
import sys
import time
import tracemalloc


def fastest(action, rounds):
    best = float("inf")
    for _ in range(rounds):
        begin = time.perf_counter_ns()
        action()
        best = min(best, time.perf_counter_ns() - begin)
    return best


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    code = compile(job["source"], "agent.py", "exec")
    given = job["input"]

    def instantiate():
        namespace = {"__name__": "agent"}
        exec(code, namespace)
        return namespace

    warm = instantiate()
    count = 1000
    tracemalloc.start()
    kept = [instantiate() for _ in range(count)]
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    rounds = job["rounds"]
    print(
        json.dumps(
            {
                "compile_ns": fastest(lambda: compile(job["source"], "agent.py", "exec"), rounds // 10),
                "instantiate_ns": fastest(instantiate, rounds),
                "first_call_ns": fastest(lambda: instantiate()["execute"](given), rounds),
                "warm_call_ns": fastest(lambda: warm["execute"](given), rounds),
                "idle_bytes": held // count,
            }
        )
    )


main()
