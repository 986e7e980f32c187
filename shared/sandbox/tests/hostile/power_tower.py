def execute(input):
    return 9**9**9
