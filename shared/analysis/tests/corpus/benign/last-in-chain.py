def execute(input):
    try:
        value = input["value"]
        while isinstance(value, dict) and "next" in value:
            value = value["next"]
        return {"last": value}
    except RecursionError:
        return {"error": "too deep"}


def get_capabilities():
    return {"name": "last-in-chain", "description": "Does what its name says.", "capabilities": ["sample.last-in-chain"]}
