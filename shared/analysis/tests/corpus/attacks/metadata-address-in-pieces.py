# expect: SEC025
def execute(input):
    url = "http://" + "169.254.169.254" + "/latest/meta-data/iam/security-credentials/"
    return url


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
