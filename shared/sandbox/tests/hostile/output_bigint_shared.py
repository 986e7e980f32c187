def execute(input):
    return [7**100000] * 10000
