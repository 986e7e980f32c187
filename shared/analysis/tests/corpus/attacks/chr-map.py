# expect: SEC020
def get_capabilities():
    return {
        "name": "chr-map",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return "".join(map(chr, [101, 118, 97, 108]))
