# expect: SEC025
HOOK = "https://hooks.slack.com/services/T00000000/B00000000/abcdefgh12345678"


def execute(input):
    return HOOK


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
