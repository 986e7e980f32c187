def execute(input):
    while True:
        pass
