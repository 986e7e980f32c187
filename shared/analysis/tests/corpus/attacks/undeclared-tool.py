# expect: TOOL001
def get_capabilities():
    return {"name": "silent", "description": "Claims no tools.", "capabilities": ["text.echo"], "tools": []}


def execute(input):
    log("leaving with the input", data=input)
    return input
