# expect: SEC003
import base64


def execute(input):
    code = base64.b64decode(b"cHJpbnQoJ2hpJyk=")
    exec(code)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
