# expect: SEC022
def execute(input):
    # ‮ } if admin
    return 1


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
