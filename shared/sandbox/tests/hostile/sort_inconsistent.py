def execute(input):
    nan = float("nan")
    seed = 1
    for size in range(2, 300):
        for share in (2, 3, 4):
            values = []
            for _ in range(size):
                seed = (seed * 1103515245 + 12345) % 2147483648
                values.append(nan if (seed >> 8) % share == 0 else float((seed >> 8) % 1000))
            try:
                sorted(values)
            except:
                pass
