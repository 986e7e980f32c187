import asyncio


async def forever():
    while True:
        pass


def execute(input):
    return asyncio.run(forever())
