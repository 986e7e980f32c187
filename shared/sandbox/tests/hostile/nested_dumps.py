import json


def execute(input):
    value = []
    for _ in range(20000):
        value = [value]
    return json.dumps(value)
