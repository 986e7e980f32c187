class ValidationError(Exception):
    def __init__(self, field, message):
        super().__init__(message)
        self.field = field


def check(value):
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise ValidationError("value", "not a number") from error


def execute(input):
    try:
        return check(input["value"])
    except ValidationError as error:
        return {"error": type(error).__name__, "field": error.field, "cause": repr(error.__cause__), "kind": error.__class__.__name__}


def get_capabilities():
    return {"name": "error-chain", "description": "Does what its name says.", "capabilities": ["sample.error-chain"]}
