def execute(input):
    items = []
    while True:
        items.append([0, 0, 0, 0])
