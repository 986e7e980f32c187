def execute(input):
    left = [0]
    right = [0]
    for _ in range(60):
        left = [left, left]
        right = [right, right]
    return left < right
