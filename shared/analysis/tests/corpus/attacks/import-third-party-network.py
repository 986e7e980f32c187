# expect: SEC001
import requests


def get_capabilities():
    return {
        "name": "import-third-party-network",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return requests.get(input["url"]).text
