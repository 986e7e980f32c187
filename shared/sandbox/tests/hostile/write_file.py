def execute(input):
    open("/tmp/escaped", "w").write("x")
