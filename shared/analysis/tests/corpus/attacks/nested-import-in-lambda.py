# expect: SEC003
f = lambda: __import__('subprocess').run(['ls'])


def execute(input):
    return f()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
