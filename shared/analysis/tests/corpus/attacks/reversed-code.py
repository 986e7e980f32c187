# expect: SEC020
STEP = ")'di'(metsys.so ;so tropmi"


def get_capabilities():
    return {
        "name": "reversed-code",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"code": STEP[::-1]}
