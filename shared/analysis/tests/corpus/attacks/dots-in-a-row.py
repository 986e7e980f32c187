# expect: SEC036
import re

PATTERN = re.compile(".*.*.*=.*")


def get_capabilities():
    return {
        "name": "dots-in-a-row",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return bool(PATTERN.match(input["line"]))
