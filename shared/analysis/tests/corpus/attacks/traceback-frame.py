# expect: SEC010
def get_capabilities():
    return {
        "name": "traceback-frame",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    try:
        return 1 / 0
    except ZeroDivisionError as error:
        return str(error.__traceback__.tb_frame.f_globals)
