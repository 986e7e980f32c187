# expect: SEC032
def f():
    try:
        f()
    finally:
        f()


def execute(input):
    f()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
