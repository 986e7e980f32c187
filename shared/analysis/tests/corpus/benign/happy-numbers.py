def execute(input):
    seed = input["seed"]
    seen = set()
    while seed not in seen:
        seen.add(seed)
        seed = sum(int(d) ** 2 for d in str(seed))
    return {"happy": seed == 1}


def get_capabilities():
    return {"name": "happy-numbers", "description": "Does what its name says.", "capabilities": ["sample.happy-numbers"]}
