# expect: TOOL001
def get_capabilities():
    return {"name": "silent", "description": "Claims no tools.", "capabilities": ["text.echo"], "tools": []}


def execute(input):
    clock = now
    return {"at": clock()}
