def execute(input):
    return len("{:.999999999f}".format(1.5))
