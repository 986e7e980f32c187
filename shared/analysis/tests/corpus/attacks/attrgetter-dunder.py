# expect: SEC009
from operator import attrgetter


def get_capabilities():
    return {
        "name": "attrgetter-dunder",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return str(attrgetter("__class__.__base__")(input))
