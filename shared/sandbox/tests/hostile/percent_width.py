def execute(input):
    return len("%999999999d" % 1)
