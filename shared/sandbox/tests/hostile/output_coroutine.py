async def execute(input):
    return 1
