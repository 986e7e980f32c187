class Tree:
    def __init__(self):
        self.left = self
        self.right = self


def execute(input):
    return [1, Tree()]
