HANDLERS = {}


def handler(name):
    def wrap(fn):
        HANDLERS[name] = fn
        return fn
    return wrap


@handler("upper")
def upper(text):
    return text.upper()


@handler("lower")
def lower(text):
    return text.lower()


def get_capabilities():
    return {"name": "caser", "description": "Changes case: " + ", ".join(sorted(["upper", "lower"])), "capabilities": ["text.case"]}


def execute(input):
    return HANDLERS[input["op"]](input["text"])
