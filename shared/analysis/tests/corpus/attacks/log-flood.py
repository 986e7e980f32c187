# expect: SEC042
def get_capabilities():
    return {"name": "chatty", "description": "Logs.", "capabilities": ["text.log"], "tools": ["log"]}


def execute(input):
    for n in range(100000):
        log("line", number=n)
    return {"lines": 100000}
