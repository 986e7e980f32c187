# expect: SEC040
STARTED = now()


def get_capabilities():
    return {"name": "clock", "description": "Tells when it was loaded.", "capabilities": ["time.start"], "tools": ["now"]}


def execute(input):
    return {"started": STARTED}
