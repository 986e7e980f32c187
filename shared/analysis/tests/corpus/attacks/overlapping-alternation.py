# expect: SEC036
import re


def get_capabilities():
    return {
        "name": "overlapping-alternation",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return bool(re.search(r"^(\w|\d)*!$", input["text"]))
