from datetime import datetime


def execute(input):
    return str(datetime.now())
