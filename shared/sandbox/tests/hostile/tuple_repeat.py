def execute(input):
    return len((0,) * 10**11)
