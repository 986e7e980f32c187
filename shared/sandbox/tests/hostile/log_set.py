def execute(input):
    log("set", value={1})
