# expect: SEC010
def execute(input):
    g = (x for x in [1])
    return g.gi_frame.f_back.f_globals


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
