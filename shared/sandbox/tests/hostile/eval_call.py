def execute(input):
    return eval("1 + 1")
