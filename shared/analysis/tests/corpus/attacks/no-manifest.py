# expect: STR004
def execute(input):
    return input
