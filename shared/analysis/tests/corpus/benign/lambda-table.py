OPS = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "max": max, "min": min, "len": len, "str": str, "int": int, "sorted": sorted}


def execute(input):
    op = OPS[input["op"]]
    return op(*input["args"])


def get_capabilities():
    return {"name": "lambda-table", "description": "Does what its name says.", "capabilities": ["sample.lambda-table"]}
