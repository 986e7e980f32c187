# expect: SEC005
import functools


def get_capabilities():
    return {
        "name": "getattr-passed-on",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return str(functools.reduce(getattr, input["path"], "text"))
