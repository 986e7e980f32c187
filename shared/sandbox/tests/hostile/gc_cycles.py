def execute(input):
    while True:
        a = []
        b = [a]
        a.append(b)
