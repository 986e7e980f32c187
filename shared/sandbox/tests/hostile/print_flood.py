def execute(input):
    while True:
        print("flood")
