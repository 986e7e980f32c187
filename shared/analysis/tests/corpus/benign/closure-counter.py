def execute(input):
    count = 0
    def bump():
        nonlocal count
        count += 1
    while count < 3:
        bump()
    return count


def get_capabilities():
    return {"name": "closure-counter", "description": "Does what its name says.", "capabilities": ["sample.closure-counter"]}
