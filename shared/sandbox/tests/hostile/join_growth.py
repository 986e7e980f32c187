def execute(input):
    text = "x" * 1000000
    return len(text.join([text] * 100000))
