def execute(input):
    return _＿ｔｄｅｖ_call("log", (0, []))
