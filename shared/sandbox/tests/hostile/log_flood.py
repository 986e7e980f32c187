def execute(input):
    while True:
        try:
            log("x" * 1000)
        except:
            pass
