# expect: SEC003
import json


def get_capabilities():
    return {
        "name": "json-hook-eval",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return json.loads(input["document"], parse_float=eval)
