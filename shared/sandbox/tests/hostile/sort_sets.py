def execute(input):
    sets = [{n % 7, (n * n) % 11} for n in range(2000)]
    sets.sort()
    return len(sets)
