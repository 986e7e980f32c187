def execute(input):
    value = []
    for _ in range(20000):
        value = [value]
    value = None
    return "dropped"
