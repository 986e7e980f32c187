def execute(input):
    return __tdev_call("log", (0, []))
