def execute(input):
    return execute
