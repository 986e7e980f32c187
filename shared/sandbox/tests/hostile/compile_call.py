def execute(input):
    return compile("1", "x", "eval")
