import re


def execute(input):
    return bool(re.match(r"(?=(a+)+$)(a|aa)+$", "a" * 60 + "b"))
