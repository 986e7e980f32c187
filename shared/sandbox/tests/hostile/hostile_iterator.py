class Evil:
    def __iter__(self):
        return self

    def __next__(self):
        return 0


def execute(input):
    return list(Evil())
