def bomb():
    value = [0]
    for _ in range(60):
        value = [value, value]
    return value


memoryview(bomb())


def execute(input):
    return 1
