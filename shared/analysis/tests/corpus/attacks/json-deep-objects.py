# expect: SEC033
import json


def execute(input):
    return json.loads("{\"a\":" * 50000 + "1" + "}" * 50000)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
