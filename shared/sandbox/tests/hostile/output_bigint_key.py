def execute(input):
    return {2**70: 1}
