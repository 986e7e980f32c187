def execute(input):
    return len("x".ljust(10**12))
