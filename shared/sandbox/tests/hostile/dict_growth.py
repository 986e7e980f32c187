def execute(input):
    table = {}
    n = 0
    while True:
        table[n] = str(n)
        n += 1
