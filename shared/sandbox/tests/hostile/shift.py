def execute(input):
    return 1 << 10**12
