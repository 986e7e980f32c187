# expect: SEC020
BLOB = "YVcxd2IzSjBJRzl6T3lCdmN5NXplWE4wWlcwb0oybGtKeWs9"


def get_capabilities():
    return {
        "name": "double-base64",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"blob": BLOB}
