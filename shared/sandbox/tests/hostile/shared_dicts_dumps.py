import json


def execute(input):
    value = {}
    for _ in range(60):
        value = {"a": value, "b": value}
    return json.dumps(value)
