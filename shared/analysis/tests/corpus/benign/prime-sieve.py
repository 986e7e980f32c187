"""Lists primes with a sieve of up to a million."""

LARGEST = 1_000_000


def get_capabilities():
    return {
        "name": "prime-sieve",
        "description": "Lists primes with a sieve of up to a million.",
        "capabilities": ["math.primes"],
        "utterances": ["lists primes with a sieve of up to a million"],
    }


def execute(input):
    limit = min(int(input["limit"]), LARGEST)
    sieve = [True] * (limit + 1)
    primes = []
    for n in range(2, limit + 1):
        if sieve[n]:
            primes.append(n)
            for multiple in range(n * n, limit + 1, n):
                sieve[multiple] = False
    return {"primes": primes[:100], "count": len(primes)}
