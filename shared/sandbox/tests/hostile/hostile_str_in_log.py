class Evil:
    def __str__(self):
        while True:
            pass


def execute(input):
    log(Evil())
