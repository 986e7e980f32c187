def execute(input):
    print("x" * 1000000)
