# expect: SEC024
API = "sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z"


def execute(input):
    return API


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
