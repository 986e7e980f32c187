def execute(input):
    return len("1".zfill(10**12))
