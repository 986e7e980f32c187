import re


def execute(input):
    return bool(re.match(r"(a*)*(a*)*\1b", "a" * 5000))
