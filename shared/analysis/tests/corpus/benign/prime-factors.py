def execute(input):
    n = input["n"]
    factors = []
    d = 2
    while d * d <= n:
        while n % d == 0:
            factors.append(d)
            n //= d
        d += 1
    if n > 1:
        factors.append(n)
    return factors


def get_capabilities():
    return {"name": "prime-factors", "description": "Does what its name says.", "capabilities": ["sample.prime-factors"]}
