def execute(input):
    return __builtins__["open"]("/etc/passwd").read()
