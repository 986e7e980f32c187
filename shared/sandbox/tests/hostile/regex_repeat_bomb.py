import re


def execute(input):
    return bool(re.match(r"((((a{1,100}){1,100}){1,100}){1,100}){1,100}", "a"))
