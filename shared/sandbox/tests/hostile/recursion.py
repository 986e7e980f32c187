def down(n):
    return down(n + 1)


def execute(input):
    return down(0)
