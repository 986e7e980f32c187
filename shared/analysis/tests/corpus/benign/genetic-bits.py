def execute(input):
    population = [[(i * 7 + j * 3) % 2 for j in range(8)] for i in range(10)]
    for generation in range(50):
        population.sort(key=sum, reverse=True)
        if sum(population[0]) == 8:
            break
        parents = population[:5]
        population = parents + [a[:4] + b[4:] for a, b in zip(parents, parents[1:] + parents[:1])]
    return {"best": population[0], "generation": generation}


def get_capabilities():
    return {"name": "genetic-bits", "description": "Does what its name says.", "capabilities": ["sample.genetic-bits"]}
