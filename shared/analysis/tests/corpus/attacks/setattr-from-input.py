# expect: SEC005
class Config:
    limit = 10


def get_capabilities():
    return {
        "name": "setattr-from-input",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    for name, value in input["settings"].items():
        setattr(Config, name, value)
    return {"limit": Config.limit}
