# expect: SEC006 SEC010
def execute(input):
    e = Exception()
    try:
        raise e
    except Exception as x:
        return x.__traceback__.tb_frame.f_back.f_locals


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
