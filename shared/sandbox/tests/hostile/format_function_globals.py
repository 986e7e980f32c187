def execute(input):
    return "{0.__globals__}".format(execute)
