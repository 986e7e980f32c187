# expect: SEC021 SEC005
def execute(input):
    n = ''.join(['e','v','a','l'])
    g = globals
    return g()[n]


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
