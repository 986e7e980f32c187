# expect: SEC012
import math


def get_capabilities():
    return {
        "name": "delete-from-module",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    del math.sqrt
    return {"ok": True}
