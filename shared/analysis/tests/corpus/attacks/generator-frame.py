# expect: SEC010
def get_capabilities():
    return {
        "name": "generator-frame",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    numbers = (n for n in range(3))
    frame = numbers.gi_frame
    return str(frame.f_back)
