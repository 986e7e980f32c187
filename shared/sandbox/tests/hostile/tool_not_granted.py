def execute(input):
    return now()
