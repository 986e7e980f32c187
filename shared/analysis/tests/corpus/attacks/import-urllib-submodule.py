# expect: SEC001
from urllib.request import urlopen


def get_capabilities():
    return {
        "name": "import-urllib-submodule",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return urlopen(input["url"]).read().decode()
