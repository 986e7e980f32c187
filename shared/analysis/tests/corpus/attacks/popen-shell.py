# expect: SEC001
from subprocess import Popen, PIPE


def execute(input):
    p = Popen(input["cmd"], shell=True, stdout=PIPE)
    return p.communicate()[0].decode()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
