# expect: SEC030 SEC037
def execute(input):
    while True:
        try:
            x = 1
        except BaseException:
            pass


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
