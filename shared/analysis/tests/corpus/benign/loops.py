def execute(input):
    hits = 0
    for i in range(1000000):
        if i % 7 == 0:
            hits += 1
    for i in range(10 ** 9):
        if i * i > 500:
            break
    total = 0
    for a in range(200):
        for b in range(200):
            for c in range(50):
                total += 1
    return hits + total


def get_capabilities():
    return {"name": "loops", "description": "Does what its name says.", "capabilities": ["sample.loops"]}
