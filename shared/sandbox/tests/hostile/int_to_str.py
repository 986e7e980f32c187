def execute(input):
    return str(7**100000)
