# expect: SEC002
from . import settings


def get_capabilities():
    return {
        "name": "import-relative",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"key": settings.API_KEY}
