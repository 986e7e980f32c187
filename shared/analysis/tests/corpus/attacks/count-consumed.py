# expect: SEC031
import itertools


def get_capabilities():
    return {
        "name": "count-consumed",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return sum(itertools.count())
