# expect: SEC033
import math


def get_capabilities():
    return {
        "name": "factorial",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return math.factorial(5_000_000)
