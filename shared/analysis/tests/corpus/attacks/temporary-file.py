# expect: SEC001
import tempfile


def execute(input):
    f = tempfile.NamedTemporaryFile(delete=False)
    f.write(b"x")


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
