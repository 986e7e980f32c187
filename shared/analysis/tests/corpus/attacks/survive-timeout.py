# expect: SEC037
def get_capabilities():
    return {
        "name": "survive-timeout",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    for item in input["items"]:
        try:
            item["work"] = sum(range(item["n"]))
        except (TimeoutError, MemoryError):
            continue
    return input
