def execute(input):
    attempts = 0
    result = None
    while attempts < 3:
        attempts += 1
        try:
            result = int(input["value"])
            break
        except ValueError:
            input["value"] = input["value"].strip("abc")
    return {"result": result, "attempts": attempts}


def get_capabilities():
    return {"name": "retry", "description": "Does what its name says.", "capabilities": ["sample.retry"]}
