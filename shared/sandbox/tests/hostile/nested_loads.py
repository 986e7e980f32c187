import json


def execute(input):
    return json.loads("[" * 100000 + "]" * 100000)
