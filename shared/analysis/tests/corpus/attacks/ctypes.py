# expect: SEC001
from ctypes import *


def execute(input):
    return cdll


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
