# expect: SEC010
async def c():
    pass


def execute(input):
    return c().cr_frame


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
