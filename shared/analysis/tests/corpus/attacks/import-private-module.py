# expect: SEC001
from _io import FileIO


def get_capabilities():
    return {
        "name": "import-private-module",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return FileIO("/etc/hostname").read().decode()
