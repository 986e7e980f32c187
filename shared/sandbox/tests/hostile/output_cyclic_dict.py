def execute(input):
    loop = {}
    loop["self"] = [loop]
    return loop
