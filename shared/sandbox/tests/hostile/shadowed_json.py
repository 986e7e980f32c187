class json:
    def dumps(self):
        return "x"


def execute(input):
    return {1}
