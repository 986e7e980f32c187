# expect: SEC001
from os import environ as e


def execute(input):
    return e.get('AWS_SECRET_ACCESS_KEY')


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
