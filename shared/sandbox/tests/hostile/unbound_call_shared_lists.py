def execute(input):
    value = [0]
    for _ in range(60):
        value = [value, value]
    return missing(value)
