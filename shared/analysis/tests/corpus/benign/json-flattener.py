"""Flattens nested JSON into dotted paths."""


def walk(value, path, out):
    if isinstance(value, dict):
        for key, inner in value.items():
            walk(inner, path + [key], out)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            walk(inner, path + [str(index)], out)
    else:
        out[".".join(path)] = value


def get_capabilities():
    return {
        "name": "json-flattener",
        "description": "Flattens nested JSON into dotted paths.",
        "capabilities": ["data.json"],
        "utterances": ["flattens nested json into dotted paths"],
    }


def execute(input):
    out = {}
    walk(input, [], out)
    return out
