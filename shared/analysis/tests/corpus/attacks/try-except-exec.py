# expect: SEC003
def execute(input):
    try:
        exec(input['code'])
    except Exception as e:
        return str(e)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
