def slow(n):
    total = 0
    for step in range(100000):
        total += step
    return total


def execute(input):
    return len(sorted(range(100000), key=slow))
