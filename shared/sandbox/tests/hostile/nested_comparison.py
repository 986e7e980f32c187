def execute(input):
    left = []
    right = []
    for _ in range(20000):
        left = [left]
        right = [right]
    return left == right
