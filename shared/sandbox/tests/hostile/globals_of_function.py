def execute(input):
    return list(execute.__globals__)
