# expect: SEC025
SOURCE = "http://169.254.169.254/latest/meta-data/iam/"


def get_capabilities():
    return {
        "name": "metadata-address",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"source": SOURCE}
