value = [0]
for _ in range(60):
    value = [value, value]
later(value)


def later(value):
    pass


def execute(input):
    return 1
