# expect: SEC020
def execute(input):
    return (0x696d706f7274206f73).to_bytes(9, 'big').decode()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
