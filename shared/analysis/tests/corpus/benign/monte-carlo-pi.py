"""Estimates pi with a linear congruential generator."""


def get_capabilities():
    return {
        "name": "monte-carlo-pi",
        "description": "Estimates pi with a linear congruential generator.",
        "capabilities": ["simulation.pi"],
        "utterances": ["estimates pi with a linear congruential generator"],
    }


def execute(input):
    state, inside = 42, 0
    samples = min(int(input["samples"]), 100_000)
    for _ in range(samples):
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        x = (state >> 11) / (1 << 53)
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        y = (state >> 11) / (1 << 53)
        inside += x * x + y * y <= 1.0
    return {"pi": 4 * inside / samples}
