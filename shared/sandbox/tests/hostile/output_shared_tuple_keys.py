def execute(input):
    key = (0,)
    for _ in range(60):
        key = (key, key)
    return {key: 1}
