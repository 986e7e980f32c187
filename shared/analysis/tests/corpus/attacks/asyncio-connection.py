# expect: SEC001
from asyncio import open_connection, run


async def main():
    reader, writer = await open_connection("198.51.100.7", 80)
    return reader


def execute(input):
    return run(main())


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
