class Evil:
    def __repr__(self):
        return repr(self)


def execute(input):
    return repr(Evil())
