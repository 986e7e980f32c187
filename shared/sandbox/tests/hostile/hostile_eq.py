class Evil:
    def __eq__(self, other):
        return [self] == [other]


def execute(input):
    return Evil() == Evil()
