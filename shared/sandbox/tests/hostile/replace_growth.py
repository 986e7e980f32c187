def execute(input):
    text = "x" * 100000
    return len(text.replace("x", text))
