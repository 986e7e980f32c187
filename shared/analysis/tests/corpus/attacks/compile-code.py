# expect: SEC001 SEC003
import types


def execute(input):
    return types.FunctionType(compile('1','','eval'), {})


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
