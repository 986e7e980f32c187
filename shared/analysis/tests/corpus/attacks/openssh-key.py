# expect: SEC024
PASSWORD_KEY = """
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
-----END OPENSSH PRIVATE KEY-----
"""


def execute(input):
    return PASSWORD_KEY


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
