def execute(input):
    value = 0
    for _ in range(20000):
        value = {"x": value}
    return value
