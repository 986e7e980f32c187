def execute(input):
    n = 3 ** 3000000
    return n * n % (n - 1)
