# expect: SEC001
import os, json


def execute(input):
    return json.dumps(dict(os.environ))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
