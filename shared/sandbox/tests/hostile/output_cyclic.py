def execute(input):
    loop = []
    loop.append(loop)
    return loop
