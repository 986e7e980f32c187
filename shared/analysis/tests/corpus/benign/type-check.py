def describe(value):
    kind = type(value)
    if kind is bool:
        return "boolean"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number"
    if callable(getattr(value, "items", None)):
        return "mapping of " + ", ".join(f"{k}: {describe(v)}" for k, v in value.items())
    return kind.__name__


def execute(input):
    return describe(input)


def get_capabilities():
    return {"name": "type-check", "description": "Does what its name says.", "capabilities": ["sample.type-check"]}
