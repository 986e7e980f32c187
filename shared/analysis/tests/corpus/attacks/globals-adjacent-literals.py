# expect: SEC021 SEC005 SEC009
def execute(input):
    b = "__bui" "ltins__"
    return globals()[b]


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
