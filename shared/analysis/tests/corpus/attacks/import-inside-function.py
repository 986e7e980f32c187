# expect: SEC001
def get_capabilities():
    return {
        "name": "import-inside-function",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    from socket import socket
    s = socket()
    s.connect((input["host"], 443))
    return {"sent": s.send(b"hello")}
