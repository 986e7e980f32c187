# expect: SEC024
PLATFORM = "tdev_prod_k3v9x2m7q5w8r1t6y4u0p9s8d7f6g5h4j3k2l1z0"


def get_capabilities():
    return {
        "name": "platform-key",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"key": PLATFORM[:9]}
