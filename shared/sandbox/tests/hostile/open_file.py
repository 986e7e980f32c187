def execute(input):
    try:
        with open("/etc/passwd") as file:
            return file.read()
    except:
        return "caught"
