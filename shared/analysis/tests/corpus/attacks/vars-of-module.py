# expect: SEC005
import json


def get_capabilities():
    return {
        "name": "vars-of-module",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return sorted(vars(json))
