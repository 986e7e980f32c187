# expect: SEC024
KEY = """-----BEGIN RSA PRIVATE KEY-----
MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu
-----END RSA PRIVATE KEY-----"""


def get_capabilities():
    return {
        "name": "private-key",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"length": len(KEY)}
