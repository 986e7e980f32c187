# expect: SEC031
import itertools as it


def get_capabilities():
    return {
        "name": "repeat-list",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return list(it.repeat(input))
