def execute(input):
    value = 0
    for _ in range(100):
        value = [value]
    return value
