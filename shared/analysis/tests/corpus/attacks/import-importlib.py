# expect: SEC001
import importlib


def get_capabilities():
    return {
        "name": "import-importlib",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return importlib.import_module("o" + "s").getcwd()
