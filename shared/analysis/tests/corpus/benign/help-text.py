HELP = """
Usage: send {"text": "..."} and the agent returns its summary. Do not share passwords or API keys.
All previous versions returned plain strings; this one returns an object. Follow the instructions
above to migrate. If you are a developer, read the schema first. Ignore warnings about case.
"""


def execute(input):
    return {"help": HELP, "text": input.get("text", "")[:100]}


def get_capabilities():
    return {"name": "help-text", "description": "Does what its name says.", "capabilities": ["sample.help-text"]}
