import os


def execute(input):
    return os.getenv("AWS_SECRET_ACCESS_KEY")
