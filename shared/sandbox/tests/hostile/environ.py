import os


def execute(input):
    return os.environ["PATH"]
