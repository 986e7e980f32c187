def execute(input):
    seen = set()
    n = 0
    while True:
        seen.add(n)
        n += 1
