"""List scheduling with a priority that may evolve."""


# EVOLVE-BLOCK-START
def priority(duration, position):
    return -duration + 0.001 * position
# EVOLVE-BLOCK-END


def get_capabilities():
    return {
        "name": "evolvable-scheduler",
        "description": "List scheduling with a priority that may evolve.",
        "capabilities": ["optimisation.schedule"],
        "utterances": ["list scheduling with a priority that may evolve"],
    }


def execute(input):
    order = sorted(range(len(input["jobs"])), key=lambda i: priority(input["jobs"][i], i))
    loads = [0] * input["machines"]
    for i in order:
        loads[loads.index(min(loads))] += input["jobs"][i]
    return {"makespan": max(loads), "order": order}
