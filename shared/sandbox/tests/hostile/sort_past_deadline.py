def execute(input):
    prefix = [0] * 200
    values = [prefix + [(n * 7919) % 10007] for n in range(200)]
    while True:
        values.sort()
        values.sort(reverse=True)
