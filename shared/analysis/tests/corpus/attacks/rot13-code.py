# expect: SEC020
import codecs


def get_capabilities():
    return {
        "name": "rot13-code",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return codecs.decode("vzcbeg bf; bf.flfgrz('vq')", "rot13")
