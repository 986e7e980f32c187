def execute(input):
    while True:
        try:
            print("flood")
        except:
            pass
