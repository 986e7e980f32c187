class Evil:
    def __hash__(self):
        return hash((self,))

    def __eq__(self, other):
        return True


def execute(input):
    return {Evil(): 1}
