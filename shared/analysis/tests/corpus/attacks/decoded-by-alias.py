# expect: SEC020
from base64 import b64decode as d


def execute(input):
    p = d("X19pbXBvcnRfXygib3MiKS5zeXN0ZW0oImlkIik=")
    return str(p)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
