# expect: SEC031
from itertools import cycle


def get_capabilities():
    return {
        "name": "cycle-loop",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    seen = 0
    for item in cycle([1, 2, 3]):
        seen += item
