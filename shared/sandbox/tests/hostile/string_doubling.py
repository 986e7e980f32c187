def execute(input):
    text = "x"
    while True:
        text += text
