# expect: SEC001
from os import *


def execute(input):
    return listdir('.')


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
