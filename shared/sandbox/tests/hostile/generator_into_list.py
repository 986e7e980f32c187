def execute(input):
    return list(n for n in iter(int, 1))
