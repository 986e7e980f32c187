def execute(input):
    width = 999999999
    return len(f"{1.5:.{width}f}")
