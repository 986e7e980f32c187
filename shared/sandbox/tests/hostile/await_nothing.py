import asyncio


async def main():
    return await 1


def execute(input):
    return asyncio.run(main())
