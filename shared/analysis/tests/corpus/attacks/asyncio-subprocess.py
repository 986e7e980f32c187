# expect: SEC001
import asyncio


async def main():
    proc = await asyncio.create_subprocess_shell("id")
    return proc


def execute(input):
    return asyncio.run(main())


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
