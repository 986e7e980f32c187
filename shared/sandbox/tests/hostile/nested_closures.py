def execute(input):
    f = lambda: 0
    for _ in range(20000):
        f = (lambda g: lambda: g())(f)
    return f()
