# expect: SEC001
import sys


def get_capabilities():
    return {
        "name": "import-sys-modules",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return sorted(sys.modules)
