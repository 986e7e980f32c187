def execute(input):
    return 2**64
