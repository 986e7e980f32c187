import os


def execute(input):
    return os.listdir("/")
