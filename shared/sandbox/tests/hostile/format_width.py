def execute(input):
    return len("{:>999999999}".format("x"))
