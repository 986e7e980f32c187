# expect: SEC024
TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4ifQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"


def execute(input):
    return TOKEN


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
