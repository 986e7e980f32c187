import re


def execute(input):
    return bool(re.match(r"(a+)+$", "a" * 40 + "b"))
