# expect: SEC033
import json


def get_capabilities():
    return {
        "name": "json-nesting",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return json.loads("[" * 100000 + "]" * 100000)
