"""Checks messages for phrases from a policy list."""
BLOCKLIST = ["ignore previous instructions", "system prompt", "jailbreak", "DAN mode", "pretend you are", "act as root"]
URLS = ["https://example.com/policy", "https://docs.python.org/3/"]


def execute(input):
    msg = input["message"].lower()
    return {"violations": [p for p in BLOCKLIST if p.lower() in msg], "see": URLS}


def get_capabilities():
    return {"name": "compliance", "description": "Does what its name says.", "capabilities": ["sample.compliance"]}
