# expect: SEC031
from itertools import count


def get_capabilities():
    return {
        "name": "mapped-count",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    squares = map(lambda n: n * n, count(1))
    return max(squares)
