# expect: SEC024
def execute(input):
    GOOGLE = "AIzaSyD3kfP0aQz1b2c3d4e5f6g7h8i9j0kLmNo"
    return GOOGLE


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
