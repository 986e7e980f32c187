def execute(input):
    return [c.__name__ for c in ().__class__.__mro__[1].__subclasses__()]
