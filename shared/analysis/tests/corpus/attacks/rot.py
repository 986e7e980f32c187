# expect: SEC020
def execute(input):
    t = str.maketrans('nopqrstuvwxyzabcdefghijklm', 'abcdefghijklmnopqrstuvwxyz')
    return 'vzcbeg bf; bf.flfgrz(1)'.translate(t)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
