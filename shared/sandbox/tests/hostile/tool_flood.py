def execute(input):
    while True:
        try:
            now()
        except:
            pass
