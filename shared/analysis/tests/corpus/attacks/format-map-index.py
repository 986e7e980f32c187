# expect: SEC009
def get_capabilities():
    return {
        "name": "format-map-index",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    template = "Hello {user[__builtins__]}"
    return template.format_map({"user": input})
