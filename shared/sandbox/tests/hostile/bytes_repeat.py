def execute(input):
    return len(b"x" * 10**12)
