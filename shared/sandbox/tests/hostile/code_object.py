def execute(input):
    return str(execute.__code__.co_consts)
