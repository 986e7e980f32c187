# expect: SEC011
from collections import _sys


def get_capabilities():
    return {
        "name": "private-member-import",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return _sys.version
