# expect: SEC020
THEME = "X19pbXBvcnRfXygnb3MnKS5lbnZpcm9u"


def get_capabilities():
    return {
        "name": "base64-payload-alone",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"theme": THEME}
