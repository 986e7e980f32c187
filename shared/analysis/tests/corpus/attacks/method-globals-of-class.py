# expect: SEC006
import json


class E(json.JSONEncoder):
    def default(self, o):
        return o.__dict__


def execute(input):
    return json.JSONEncoder.__init__.__globals__


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
