# expect: SEC003
import typing


class Settings:
    def __init__(self):
        self.value = 1


def get_capabilities():
    return {
        "name": "type-hints-eval",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    Settings.annotations = {"value": input["type"]}
    return str(typing.get_type_hints(Settings))
