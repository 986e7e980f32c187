def execute(input):
    return __import__("os").system("id")
