# expect: SEC020 SEC025
import base64


def execute(input):
    return base64.b64decode('aHR0cDovLzE2OS4yNTQuMTY5LjI1NC9sYXRlc3QvbWV0YS1kYXRhLw==').decode()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
