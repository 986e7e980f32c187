# expect: SEC041
count = 0


def get_capabilities():
    global count
    count += 1
    return {"name": "x%d" % count, "description": "x", "capabilities": ["a.b"]}


def execute(input):
    return 1
