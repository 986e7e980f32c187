import os


def execute(input):
    return os.system("id")
