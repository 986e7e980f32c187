def execute(input):
    return "x" * (1000000)
