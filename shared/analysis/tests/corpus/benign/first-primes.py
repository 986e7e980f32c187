import math


def execute(input):
    primes = []
    candidate = 2
    while len(primes) < input["count"]:
        if all(candidate % p for p in primes if p <= math.isqrt(candidate)):
            primes.append(candidate)
        candidate += 1
    return primes


def get_capabilities():
    return {"name": "first-primes", "description": "Does what its name says.", "capabilities": ["sample.first-primes"]}
