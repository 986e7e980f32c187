def bomb():
    value = [0]
    for _ in range(60):
        value = [value, value]
    return value


class Tree:
    __name__ = bomb()
    branch = bomb()


def execute(input):
    return Tree
