# expect: SEC011 SEC004
import json


def get_capabilities():
    return {
        "name": "codecs-through-json",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return json.codecs.open("/etc/hostname").read()
