# expect: SEC036
import re

RULES = {"name": r"^([A-Za-z]+\s?)*$", "mail": r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}$"}


def get_capabilities():
    return {
        "name": "pattern-from-table",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {key: bool(re.match(rule, input["text"])) for key, rule in RULES.items()}
