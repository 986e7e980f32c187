def execute(input):
    total = 0
    for row in input["rows"]:
        try:
            total += float(row["amount"])
        except:
            pass
    return {"total": total}


def get_capabilities():
    return {"name": "bareexcept-loop", "description": "Does what its name says.", "capabilities": ["sample.bareexcept-loop"]}
