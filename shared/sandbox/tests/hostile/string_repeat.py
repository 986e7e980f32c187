def execute(input):
    return len("x" * 10**12)
