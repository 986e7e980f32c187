# expect: SEC001
def execute(input):
    import os as operating_system
    return operating_system.popen("whoami").read()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
