def execute(input):
    return globals()
