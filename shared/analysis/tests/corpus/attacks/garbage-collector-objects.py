# expect: SEC001
import gc


def execute(input):
    return [str(o) for o in gc.get_objects()][:10]


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
