# expect: SEC031
from itertools import count


def get_capabilities():
    return {
        "name": "comprehension-over-count",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return [n for n in count() if n % 2]
