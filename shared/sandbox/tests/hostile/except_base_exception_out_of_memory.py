def execute(input):
    while True:
        try:
            items = []
            while True:
                items.append("x" * 1000)
        except BaseException:
            continue
