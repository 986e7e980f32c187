# expect: SEC020
def execute(input):
    data = bytes.fromhex("5f5f696d706f72745f5f28276f7327292e73797374656d28276964272929")
    return data.decode()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
