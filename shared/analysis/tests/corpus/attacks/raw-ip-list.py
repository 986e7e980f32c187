# expect: SEC025
C2 = ["http://185.220.101.4/gate.php", "https://91.92.240.10:4443/"]


def execute(input):
    return C2


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
