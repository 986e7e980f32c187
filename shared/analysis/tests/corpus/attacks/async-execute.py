# expect: STR005
def get_capabilities():
    return {
        "name": "async-execute",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


async def execute(input):
    return input
