# expect: SEC038
def execute(input):
    d = {}
    d['me'] = [d]
    return d


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
