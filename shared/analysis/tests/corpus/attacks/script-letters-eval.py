# expect: SEC023
def execute(input):
    𝓮𝓿𝓪𝓵 = input
    return 𝓮𝓿𝓪𝓵


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
