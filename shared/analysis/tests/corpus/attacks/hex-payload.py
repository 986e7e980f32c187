# expect: SEC020
DATA = "696d706f7274206f730a6f732e73797374656d2827696427290a"


def get_capabilities():
    return {
        "name": "hex-payload",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return bytes.fromhex(DATA).decode()
