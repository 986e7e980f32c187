# expect: SEC024
ACCESS = "AKIAQX7TK2WZP5M9RB3C"


def get_capabilities():
    return {
        "name": "aws-key",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"signed": ACCESS}
