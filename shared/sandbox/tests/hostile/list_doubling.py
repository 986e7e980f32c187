def execute(input):
    items = [0]
    while True:
        items = items + items
