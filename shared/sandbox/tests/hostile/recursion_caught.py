def down(n):
    try:
        return down(n + 1)
    except RecursionError:
        return down(n + 1)


def execute(input):
    while True:
        try:
            down(0)
        except:
            pass
