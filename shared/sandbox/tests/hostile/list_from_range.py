def execute(input):
    return len(list(range(10**12)))
