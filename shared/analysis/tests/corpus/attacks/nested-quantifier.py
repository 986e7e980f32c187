# expect: SEC036
import re


def get_capabilities():
    return {
        "name": "nested-quantifier",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return bool(re.match(r"^(a+)+$", input["text"]))
