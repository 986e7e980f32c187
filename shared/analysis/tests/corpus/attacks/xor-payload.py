# expect: SEC020
KEY = 23
DATA = [126, 122, 103, 120, 101, 99, 55, 120, 100]


def get_capabilities():
    return {
        "name": "xor-payload",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    text = "".join(chr(value ^ KEY) for value in DATA)
    return {"text": text}
