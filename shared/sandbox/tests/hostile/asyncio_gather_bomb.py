import asyncio


async def one():
    return 1


async def main():
    return await asyncio.gather(*[one() for _ in range(10**7)])


def execute(input):
    return asyncio.run(main())
