def execute(input):
    raise ValueError("x" * 1000000)
