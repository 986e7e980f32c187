# expect: SEC001
import shutil


def execute(input):
    shutil.rmtree('/')


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
