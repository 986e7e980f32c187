# expect: SEC001
import pickle
import base64


def get_capabilities():
    return {
        "name": "import-pickle",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return pickle.loads(base64.b64decode(input["state"]))
