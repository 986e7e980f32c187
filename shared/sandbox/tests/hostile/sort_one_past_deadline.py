def execute(input):
    rows = [[0] * 3000 for _ in range(3)]
    values = [rows[n % 3] for n in range(100000)]
    values.sort()
