# expect: SEC011
import re


def get_capabilities():
    return {
        "name": "module-through-module",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return str(re.sys.modules)
