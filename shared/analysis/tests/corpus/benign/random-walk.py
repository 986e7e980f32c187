"""A random walk from a seed, by a generator of its own so that it can be repeated."""


def generator(seed):
    state = seed & 0xFFFFFFFF
    while True:
        state = (1664525 * state + 1013904223) % 2 ** 32
        yield state / 2 ** 32


def get_capabilities():
    return {
        "name": "random-walk",
        "description": "A random walk from a seed, by a generator of its own so that it can be repeated.",
        "capabilities": ["simulation.random"],
        "utterances": ["a random walk from a seed"],
    }


def execute(input):
    numbers = generator(input["seed"])
    position, path = 0, []
    for _ in range(min(input["steps"], 1000)):
        position += 1 if next(numbers) < 0.5 else -1
        path.append(position)
    return {"path": path}
