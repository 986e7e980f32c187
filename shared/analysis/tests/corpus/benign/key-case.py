import re


def to_snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def to_camel(name):
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def transform(value, fn):
    if isinstance(value, dict):
        return {fn(k): transform(v, fn) for k, v in value.items()}
    if isinstance(value, list):
        return [transform(v, fn) for v in value]
    return value


def execute(input):
    return transform(input["data"], to_snake if input["style"] == "snake" else to_camel)


def get_capabilities():
    return {"name": "key-case", "description": "Does what its name says.", "capabilities": ["sample.key-case"]}
