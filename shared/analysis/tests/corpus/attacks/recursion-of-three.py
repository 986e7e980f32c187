# expect: SEC032
def a(n): return b(n)


def b(n): return c(n)


def c(n): return a(n)


def execute(input):
    return a(1)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
